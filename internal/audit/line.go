package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
)

// hash is a SHA-256.
type hash [sha256.Size]byte

func (h hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

func parseHash(text string) (h hash, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, errors.New("not a SHA-256 in base64")
	}
	return hash(raw), nil
}

// hashChars is how many characters a hash has in base64.
const hashChars = 44

const (
	bodyName = `{"body":`
	prevName = `,"prev":"`
	seqName  = `","seq":`
	// maxLine is how many bytes a line may have: a sealed event in base64, or the
	// key of a segment for hundreds of recipients.
	maxLine = 1 << 20
)

// appendLine appends a record without its line feed.
func appendLine(b, body []byte, prev hash, seq uint64) []byte {
	b = append(b, bodyName...)
	b = append(b, body...)
	return appendEnd(b, prev, seq)
}

// appendEnd appends what follows the body.
func appendEnd(b []byte, prev hash, seq uint64) []byte {
	b = append(b, prevName...)
	b = base64.StdEncoding.AppendEncode(b, prev[:])
	b = append(b, seqName...)
	b = strconv.AppendUint(b, seq, 10)
	return append(b, '}')
}

// line is a record as it stands in a segment.
type line struct {
	text []byte // without the line feed
	body []byte
	prev []byte // in base64
	seq  uint64
}

var errLine = errors.New("not a record")

// parseLine takes a record apart, from its end, which has one possible form.
// The parts are slices of the text. It does not look into the body.
func parseLine(text []byte) (line, error) {
	rest, ok := bytes.CutSuffix(text, []byte("}"))
	digits := len(rest)
	for digits > 0 && rest[digits-1] >= '0' && rest[digits-1] <= '9' {
		digits--
	}
	seq, err := strconv.ParseUint(string(rest[digits:]), 10, 53)
	if !ok || err != nil || seq == 0 || rest[digits] == '0' {
		return line{}, errLine
	}
	rest, ok = bytes.CutSuffix(rest[:digits], []byte(seqName))
	if !ok || len(rest) < hashChars {
		return line{}, errLine
	}
	prev := rest[len(rest)-hashChars:]
	rest, ok = bytes.CutSuffix(rest[:len(rest)-hashChars], []byte(prevName))
	body, begun := bytes.CutPrefix(rest, []byte(bodyName))
	if !ok || !begun || len(body) < 2 {
		return line{}, errLine
	}
	return line{text, body, prev, seq}, nil
}

// follows reports whether the line commits to the one with the hash.
func (l line) follows(before hash) bool {
	var want [hashChars]byte
	base64.StdEncoding.Encode(want[:], before[:])
	return bytes.Equal(l.prev, want[:])
}

func (l line) hash() hash { return sha256.Sum256(l.text) }

// sealed reports whether the body is a sealed event.
func (l line) sealed() bool { return l.body[0] == '"' }

// isOwn reports whether the body is an event of the trail's own.
func (l line) isOwn() bool { return bytes.HasPrefix(l.body, []byte(`{"event":"`+own)) }

// is reports whether the body is an event of the name.
func (l line) is(name string) bool {
	rest, ok := bytes.CutPrefix(l.body, []byte(`{"event":"`))
	return ok && bytes.HasPrefix(rest, []byte(name)) && len(rest) > len(name) && rest[len(name)] == '"'
}
