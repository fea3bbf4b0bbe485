package audit

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/strictjson"
)

const (
	// format names what doc.go describes.
	format    = "odordiff-audit/1"
	extension = ".audit"
	// tornExtension is of what was taken out of a segment at a start.
	tornExtension = ".torn"
)

func segmentName(number uint64) string { return fmt.Sprintf("%08d%s", number, extension) }

// segments returns the numbers of the segments in a folder, in order.
func segments(folder string) ([]uint64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing the segments: %w", err)
	}
	var numbers []uint64
	for _, entry := range entries {
		digits, ok := strings.CutSuffix(entry.Name(), extension)
		number, err := strconv.ParseUint(digits, 10, 53)
		if ok && err == nil && number > 0 && entry.Name() == segmentName(number) {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Trails returns the folders that hold segments: folder itself, and what is
// below it, as where several gateways keep a trail each. There may be none.
func Trails(folder string) ([]string, error) {
	var trails []string
	err := filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		numbers, err := segments(at)
		if len(numbers) > 0 {
			trails = append(trails, at)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for trails in %s: %w", folder, err)
	}
	return trails, nil
}

// header are the fields of a segment's first record.
type header struct {
	Format  string `json:"format"`
	Trail   string `json:"trail"`
	Segment uint64 `json:"segment"`
	// Key is the public key that signs the segment.
	Key []byte `json:"key"`
	// Age is the segment's key as an age file; nil where it is not encrypted.
	Age []byte `json:"age"`
	// Endorsements lead from the key of the segment before, if that is another.
	Endorsements []string `json:"endorsements"`
	// MaxUnsigned is how many records may follow each other without a signature;
	// 0 in trails that do not say it.
	MaxUnsigned int `json:"max_unsigned"`
	// Torn is what was taken out of the end of the segment before.
	TornBytes      int64  `json:"torn_bytes"`
	TornSHA256     string `json:"torn_sha256"`
	TornSignatures int64  `json:"torn_signatures"`
}

// event returns the event that records the header.
func (h *header) event() Event {
	fields := []Field{
		Text("format", h.Format), Text("trail", h.Trail), Number("segment", int64(h.Segment)),
		Text("key", base64.StdEncoding.EncodeToString(h.Key)),
		Text("age", base64.StdEncoding.EncodeToString(h.Age)),
		List("endorsements", h.Endorsements), Number("max_unsigned", int64(h.MaxUnsigned)),
	}
	if h.TornBytes > 0 {
		fields = append(fields, Number("torn_bytes", h.TornBytes), Text("torn_sha256", h.TornSHA256), Number("torn_signatures", h.TornSignatures))
	}
	return Event{Name: eventSegment, Fields: fields}
}

// endorse puts what leads to the key into the header.
func (h *header) endorse(key *Key) {
	h.Key = key.Public()
	for _, e := range key.endorsements {
		h.Endorsements = append(h.Endorsements, base64.StdEncoding.EncodeToString(slices.Concat(e.Key, e.Signature)))
	}
}

// endorsedBy reports whether the header's key is the one before, or was
// endorsed by it.
func (h *header) endorsedBy(before []byte) bool {
	var chain []endorsement
	for _, text := range h.Endorsements {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err == nil && len(raw) > keySize {
			chain = append(chain, endorsement{raw[:keySize], raw[keySize:]})
		}
	}
	return leads(before, h.Key, chain)
}

// signatureFields are the fields of a signature.
type signatureFields struct {
	By        []byte `json:"by"`
	Signature []byte `json:"signature"`
}

// retentionFields are the fields of a deletion.
type retentionFields struct {
	// Segment is the number of the last that was deleted, Head the hash of its
	// last record, and Seq that one's number.
	Segment uint64 `json:"segment"`
	Head    string `json:"head"`
	Seq     uint64 `json:"seq"`
}

// rollbackFields are the fields of what is recorded about a trail that was
// rolled back.
type rollbackFields struct {
	Cause string `json:"cause"`
	// Last is the number of the last record that was there, and Seq that of the
	// one that was signed last; 0 if that is not known.
	Last uint64 `json:"last"`
	Seq  uint64 `json:"seq"`
}

// ownEvent is an event of the trail's own.
type ownEvent struct {
	Event  string         `json:"event"`
	Fields jsontext.Value `json:"fields"`
	Time   time.Time      `json:"time"`
}

// lines reads a segment record by record.
type lines struct {
	file   *os.File
	r      *bufio.Reader
	number int   // of whole lines so far
	read   int64 // bytes, up to its end
}

func openLines(folder string, segment uint64) (*lines, error) {
	file, err := os.Open(filepath.Join(folder, segmentName(segment)))
	if err != nil {
		return nil, fmt.Errorf("opening a segment: %w", err)
	}
	return &lines{file: file, r: bufio.NewReaderSize(file, maxLine+1)}, nil
}

var (
	errTorn = errors.New("a record without its end")
	errLong = fmt.Errorf("a line of more than %d bytes", maxLine)
)

// next returns the next line without its line feed, valid until the next call.
// It returns [io.EOF] at the end, errTorn for a last line without a line feed,
// and errLong for one that is too long, which it passes over.
func (l *lines) next() ([]byte, error) {
	text, err := l.r.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(text) == 0 {
		return nil, io.EOF
	}
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		l.read += int64(len(text))
		text, err = l.r.ReadSlice('\n')
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, errTorn
	case err != nil:
		return nil, fmt.Errorf("reading a segment: %w", err)
	}
	l.read += int64(len(text))
	l.number++
	if long {
		return nil, errLong
	}
	return text[:len(text)-1], nil
}

// again makes reading go on after the last whole line.
func (l *lines) again() error {
	if _, err := l.file.Seek(l.read, io.SeekStart); err != nil {
		return fmt.Errorf("reading a segment: %w", err)
	}
	l.r.Reset(l.file)
	return nil
}

func (l *lines) close() { _ = l.file.Close() }

// parseOwn reads an event of the trail's own, and its fields.
func parseOwn(body []byte, fields any) (ownEvent, error) {
	var event ownEvent
	if err := strictjson.Unmarshal(body, &event); err != nil {
		return event, err
	}
	return event, strictjson.Unmarshal(event.Fields, fields)
}
