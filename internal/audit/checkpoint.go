package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Checkpoint says what a trail was at a time. Kept elsewhere, it shows that
// nothing before it was changed or cut off. Its text is a signed note, in the
// spirit of C2SP's tlog-checkpoint:
//
//	odordiff-audit/<trail>
//	<number of the last record>
//	<hash of the last record in base64>
//	segment <number>
//	time <RFC 3339>
//
//	— odordiff-audit/<trail> <key's id and signature in base64>
type Checkpoint struct {
	trail     string
	seq       uint64
	head      hash
	segment   uint64
	at        time.Time
	signature []byte // after the 4 bytes of the key's id
	keyID     [4]byte
}

const (
	origin        = "odordiff-audit/"
	maxCheckpoint = 4 << 10
)

// Seq returns the number of the last record that the checkpoint vouches for.
func (c *Checkpoint) Seq() uint64 { return c.seq }

// Time returns when the checkpoint was made.
func (c *Checkpoint) Time() time.Time { return c.at }

// text is what is signed.
func (c *Checkpoint) text() []byte {
	return fmt.Appendf(nil, "%s%s\n%d\n%s\nsegment %d\ntime %s\n",
		origin, c.trail, c.seq, c.head, c.segment, c.at.UTC().Format(timeFormat))
}

// String returns the signed note.
func (c *Checkpoint) String() string {
	signature := base64.StdEncoding.EncodeToString(append(c.keyID[:], c.signature...))
	return fmt.Sprintf("%s\n— %s%s %s\n", c.text(), origin, c.trail, signature)
}

func (c *Checkpoint) sign(key *Key) {
	c.keyID = noteKeyID(c.trail, key.Public())
	c.signature = ed25519.Sign(key.private, c.text())
}

// signedBy reports whether the key made the signature.
func (c *Checkpoint) signedBy(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && c.keyID == noteKeyID(c.trail, key) &&
		ed25519.Verify(key, c.text(), c.signature)
}

// noteKeyID is the id of a key as signed notes have it.
func noteKeyID(trail string, key ed25519.PublicKey) [4]byte {
	const algorithm = 1 // Ed25519
	sum := sha256.Sum256(append([]byte(origin+trail+"\n"), append([]byte{algorithm}, key...)...))
	return [4]byte(sum[:4])
}

var errCheckpoint = errors.New("not a checkpoint of a trail: it is a text of seven lines that begins with " + origin)

// ParseCheckpoint reads a signed note. It does not check the signature: that
// takes the trail. See [Verify].
func ParseCheckpoint(text []byte) (*Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return nil, errCheckpoint
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) != 7 {
		return nil, errCheckpoint
	}
	c := new(Checkpoint)
	var err error
	c.trail, _ = strings.CutPrefix(lines[0], origin)
	if c.seq, err = strconv.ParseUint(lines[1], 10, 53); err != nil {
		return nil, errCheckpoint
	}
	if c.head, err = parseHash(lines[2]); err != nil {
		return nil, errCheckpoint
	}
	if c.segment, err = strconv.ParseUint(strings.TrimPrefix(lines[3], "segment "), 10, 53); err != nil {
		return nil, errCheckpoint
	}
	if c.at, err = time.Parse(timeFormat, strings.TrimPrefix(lines[4], "time ")); err != nil {
		return nil, errCheckpoint
	}
	signature, _ := strings.CutPrefix(lines[6], "— "+origin+c.trail+" ")
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(raw) != len(c.keyID)+ed25519.SignatureSize {
		return nil, errCheckpoint
	}
	c.keyID, c.signature = [4]byte(raw[:4]), raw[4:]
	if !bytes.Equal([]byte(c.String()), append(bytes.TrimRight(text, "\n"), '\n')) {
		return nil, errCheckpoint
	}
	return c, nil
}
