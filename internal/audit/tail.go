package audit

import (
	"errors"
	"fmt"
	"io"
)

// tail is the end of a segment as it is found.
type tail struct {
	header header
	first  struct { // of the first record
		seq  uint64
		prev hash
	}
	// valid is how many bytes are whole records that follow each other. It is 0
	// where not even the first record and its signature are whole.
	valid    int64
	end      end
	torn     torn
	unsigned int // records since the last signature
}

// readTail reads a segment up to the first line that is not a record in its
// order. It returns an error that wraps errChanged where no interrupted write
// can have made the segment what it is.
func readTail(folder string, number uint64) (found tail, err error) {
	lines, err := openLines(folder, number)
	if err != nil {
		return found, err
	}
	defer lines.close()
	for {
		record, err := nextRecord(lines)
		if err != nil {
			return found, err
		}
		if record == nil {
			break
		}
		if lines.number == 1 {
			err = found.begin(*record, number)
		} else {
			err = found.follow(*record)
		}
		if errors.Is(err, errTorn) {
			break
		}
		if err != nil {
			return found, fmt.Errorf("%s:%d: %w: %w", segmentName(number), lines.number, err, errChanged)
		}
		found.end.seq, found.end.head = record.seq, record.hash()
		if lines.number > 1 { // The first record is nothing without its signature.
			found.valid = lines.read
		}
	}
	if found.valid == 0 {
		return tail{}, nil
	}
	return found, nil
}

// nextRecord returns the next record of a segment; nil where the torn end
// begins.
func nextRecord(lines *lines) (*line, error) {
	text, err := lines.next()
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) || errors.Is(err, errLong) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	record, err := parseLine(text)
	if err != nil {
		return nil, nil //nolint:nilerr // the torn end begins here
	}
	return &record, nil
}

// begin takes the first record. It returns errTorn if that is none.
func (t *tail) begin(record line, number uint64) error {
	event, err := parseOwn(record.body, &t.header)
	if err != nil || event.Event != eventSegment {
		return errTorn
	}
	if t.header.Format != format {
		return fmt.Errorf("the segment has the format %q, not %s", t.header.Format, format)
	}
	if t.header.Segment != number {
		return fmt.Errorf("the segment says that its number is %d", t.header.Segment)
	}
	t.first.seq = record.seq
	if t.first.prev, err = parseHash(string(record.prev)); err != nil {
		return err
	}
	t.end.at, t.unsigned = event.Time, 1
	return nil
}

// follow takes a further record. It returns errTorn if that does not commit to
// the one before.
func (t *tail) follow(record line) error {
	if record.seq != t.end.seq+1 || !record.follows(t.end.head) {
		return errTorn
	}
	if !record.is(eventSignature) {
		if t.valid == 0 {
			return errors.New("the first record of the segment is not signed")
		}
		if t.unsigned++; t.unsigned > t.header.maxUnsigned() {
			return fmt.Errorf("more than %d records follow each other without a signature", t.header.maxUnsigned())
		}
		return nil
	}
	c, err := t.header.checkpoint(record, t.end)
	if err != nil || !c.signedBy(t.header.Key) {
		return errors.New("the signature does not fit the records before it")
	}
	t.end.at, t.unsigned = c.at, 0
	return nil
}

// maxUnsigned is how many records of the segment may follow each other without
// a signature.
func (h *header) maxUnsigned() int {
	if h.MaxUnsigned == 0 {
		return Options{SignAfter: DefaultSignAfter}.maxUnsigned()
	}
	return h.MaxUnsigned
}

// checkpoint returns what a signature in the segment signs: the end before it.
func (h *header) checkpoint(signature line, before end) (*Checkpoint, error) {
	var fields signatureFields
	event, err := parseOwn(signature.body, &fields)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{
		trail: h.Trail, seq: before.seq, head: before.head, segment: h.Segment,
		at: event.Time, signature: fields.Signature,
	}
	copy(c.keyID[:], fields.By)
	return c, nil
}
