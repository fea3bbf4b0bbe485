package window

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// span is how many buckets fill a window. One more overlaps its start.
const span = 60

// widthOf is the length of one bucket of a window: whole microseconds, which is
// what a Redis server's clock counts, rounded up so that span buckets never
// fall short of the window.
func widthOf(window time.Duration) time.Duration {
	const unit = span * time.Microsecond
	return (window + unit - 1) / unit * time.Microsecond
}

// index is the number of the bucket that holds the time now.
func index(now, width time.Duration) int64 { return int64(now / width) }

// leaves is when the bucket with the given index stops being counted.
func leaves(index int64, width time.Duration) time.Duration {
	return time.Duration(index+span+1) * width
}

// ID names the window of one key of one limit, without revealing the key and
// in the same few bytes however long the key is.
type ID [16]byte

// IDOf returns the ID of the window that a charge is made to.
func IDOf(c Charge) ID {
	id := nominalID(c)
	if c.Limit.added == 0 {
		return id
	}
	// What is kept of a longer window has its own ID, which follows from that of
	// the window as it was configured: some know the key by that alone.
	longer := binary.BigEndian.AppendUint64(id[:], uint64(c.Limit.added))
	sum := sha256.Sum256(longer)
	return ID(sum[:16])
}

// nominalID returns the ID of the window as it was configured.
func nominalID(c Charge) ID {
	if hash, found := strings.CutPrefix(c.Key, byID); found && len(hash) == len(ID{}) {
		return ID([]byte(hash))
	}
	var window [8]byte
	binary.BigEndian.PutUint64(window[:], uint64(c.Limit.Window-c.Limit.added))
	window[0] = byte(c.Limit.Algorithm) // a window is too short to use it
	// The name is NUL-terminated and the window of fixed length, so that no
	// two limits and keys run into the same text.
	text := make([]byte, 0, 128)
	text = append(text, c.Limit.Name...)
	text = append(text, 0)
	text = append(text, window[:]...)
	text = append(text, c.Key...)
	sum := sha256.Sum256(text)
	return ID(sum[:16])
}

// byID begins a key that is not hashed: its window's ID follows.
const byID = "\x00id:"

// Key returns a key that leads to the window with the ID, for those who know no
// other key to it.
func (id ID) Key() string { return byID + string(id[:]) }

// String returns the ID as it stands in the names of the keys in Redis.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// ParseID reads what [ID.String] returns.
func ParseID(text string) (ID, error) {
	hash, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(hash) != len(ID{}) {
		return ID{}, fmt.Errorf("%w: %q is not the hash of a key, which has 22 letters, digits, - and _", ErrInvalid, text)
	}
	return ID(hash), nil
}
