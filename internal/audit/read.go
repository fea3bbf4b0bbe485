package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json/jsontext"
)

// ReadOptions are how a trail is read.
type ReadOptions struct {
	// Checkpoint is one that was kept elsewhere; nil for none.
	Checkpoint *Checkpoint
	// Key is the public key that the trail is known to be signed with, now or
	// before; nil for none.
	Key ed25519.PublicKey
	// Identities open sealed events.
	Identities []age.Identity
	// Visit is called for each record in order, if it is not nil. An error of it
	// ends the reading.
	Visit func(Record) error
	// Follow makes reading go on at the end of the trail, with what is written
	// then, until it is done. Nil means that reading ends at the end.
	Follow <-chan struct{}
	// AtEnd is called when the end is reached for the first time. It may be nil.
	AtEnd func() error
}

// poll is how often the end of a trail is looked at that is followed.
const poll = 200 * time.Millisecond

// Record is one record of a trail.
type Record struct {
	// Segment and Seq are the numbers of the segment and of the record.
	Segment, Seq uint64
	// Event is the event in canonical JSON, valid until Visit returns; nil where
	// it is sealed and cannot be opened, or is not a JSON object.
	Event []byte
}

// Report is what is found in a trail.
type Report struct {
	// Trail is the trail's id.
	Trail string
	// Key is the public key of the last segment.
	Key ed25519.PublicKey
	// Segments is how many segments there are.
	Segments int
	// First and Last are the numbers of the first and the last record.
	First, Last uint64
	// Events is how many of the records are not the trail's own.
	Events uint64
	// Head is the hash of the last record in base64.
	Head string
	// Signed is the number of the last record that a signature covers, and
	// SignedAt when that was made.
	Signed   uint64
	SignedAt time.Time
	// Latest is the checkpoint of the last signature; nil without one.
	Latest *Checkpoint
	// Lost is how many events could not be recorded.
	Lost uint64
	// ClockSteps is how often the clock went back.
	ClockSteps int
	// Deleted is the number of the last segment that was deleted because it was
	// old; 0 if none was.
	Deleted uint64
	// Torn is how many bytes at the end are no whole record: one that is being
	// written, or that a process began before it was killed.
	Torn int64
	// TakenOut is how many bytes were taken out of the ends of segments at starts,
	// because they were no whole records in their order.
	TakenOut int64
	// Unopened is how many sealed events no identity could open.
	Unopened uint64
	// Anchored says that the checkpoint's record is there.
	Anchored bool
	// Faults are the first [MaxFaults] things that are wrong, and More how many
	// there are beyond.
	Faults []Fault
	More   int
}

// MaxFaults is how many faults are told.
const MaxFaults = 100

// Fault is something that is wrong in a trail.
type Fault struct {
	// File is the segment's name, and Line the line in it; 0 where it is about
	// none.
	File string
	Line int
	// Seq is the number of the record; 0 where it is about none.
	Seq uint64
	// What says what is wrong.
	What string
}

// String returns the fault as file:line: record n: what.
func (f Fault) String() string {
	text := f.File
	if f.Line > 0 {
		text += fmt.Sprintf(":%d", f.Line)
	}
	if f.Seq > 0 {
		text += fmt.Sprintf(": record %d", f.Seq)
	}
	return text + ": " + f.What
}

// Read reads the trail in a folder from its first record to its last, and
// verifies it on the way. The error is of reading; what is wrong with the trail
// is in the report. The trail may be written meanwhile.
func Read(folder string, options ReadOptions) (*Report, error) {
	r := &reader{folder: folder, options: options, report: new(Report)}
	numbers, err := segments(folder)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("%s has no segments of an audit trail", folder)
	}
	for i, number := range numbers {
		r.last = i == len(numbers)-1
		err := r.segment(number)
		if r.report.Segments == 0 && errors.Is(err, fs.ErrNotExist) {
			continue // It was old, and was deleted meanwhile.
		}
		if err != nil {
			return nil, err
		}
		r.report.Segments++
	}
	if err := r.follow(); err != nil {
		return nil, err
	}
	r.conclude()
	return r.report, nil
}

// TrailOf returns the id of the trail in a folder.
func TrailOf(folder string) (string, error) {
	numbers, err := segments(folder)
	if err != nil {
		return "", err
	}
	for _, number := range numbers {
		if _, h, _, err := readFirst(folder, number); err == nil {
			return h.Trail, nil
		}
	}
	return "", fmt.Errorf("%s has no segments of an audit trail", folder)
}

// follow reads the segments that are begun after the last.
func (r *reader) follow() error {
	for r.options.Follow != nil && !r.done() {
		if err := r.segment(r.number + 1); err != nil {
			return err
		}
		r.report.Segments++
	}
	return nil
}

// done reports whether following is to end.
func (r *reader) done() bool {
	select {
	case <-r.options.Follow:
		return true
	default:
		return false
	}
}

// reader is the state of reading a trail.
type reader struct {
	folder  string
	options ReadOptions
	report  *Report
	last    bool // it is the last segment
	atEnd   bool
	cut     bool // the segment became shorter

	number  uint64 // of the segment
	file    string
	line    int
	header  header
	headers int
	ratchet *ratchet

	seq       uint64
	head      hash
	keys      []ed25519.PublicKey
	deletions []retentionFields // that a signature covers
	unsigned  []retentionFields // since the last signature
	ends      map[uint64]hash   // the ends of segments
	run       int               // records since the last signature, in the segment
	overrun   bool              // a fault told that there are too many
	pinned    bool              // the expected key, or one it endorsed, has signed
}

// fault reports a fault at the record that is being read.
func (r *reader) fault(seq uint64, format string, args ...any) {
	r.add(Fault{r.file, r.line, seq, fmt.Sprintf(format, args...)})
}

func (r *reader) add(fault Fault) {
	if len(r.report.Faults) == MaxFaults {
		r.report.More++
		return
	}
	r.report.Faults = append(r.report.Faults, fault)
}

// segment reads one segment.
func (r *reader) segment(number uint64) error {
	lines, err := openLines(r.folder, number)
	if err != nil {
		return err
	}
	defer lines.close()
	if r.number > 0 && number != r.number+1 {
		r.add(Fault{segmentName(r.number + 1), 0, 0, fmt.Sprintf("the segment is missing: after %d comes %d", r.number, number)})
	}
	r.number, r.file, r.line, r.cut = number, segmentName(number), 0, false
	for {
		text, err := lines.next()
		r.line = lines.number
		if r.last && (errors.Is(err, io.EOF) || errors.Is(err, errTorn)) {
			var more bool
			if more, err = r.await(lines, err); more {
				continue
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			r.endSegment(lines.number)
			return nil
		case errors.Is(err, errTorn):
			r.torn(lines)
			return nil
		case errors.Is(err, errLong):
			r.fault(0, "%v", err)
			continue
		case err != nil:
			return err
		}
		if err := r.text(text); err != nil {
			return err
		}
	}
}

// await waits at the end of the last segment, and reports whether there is more
// to read in it.
func (r *reader) await(lines *lines, end error) (more bool, err error) {
	if !r.atEnd && r.options.AtEnd != nil {
		if err := r.options.AtEnd(); err != nil {
			return false, err
		}
	}
	r.atEnd = true
	if r.options.Follow == nil {
		return false, end
	}
	// What is there once the next segment is, is all.
	_, err = os.Stat(filepath.Join(r.folder, segmentName(r.number+1)))
	info, statErr := lines.file.Stat()
	if statErr == nil && info.Size() < lines.read && !r.cut {
		r.cut = true
		r.fault(0, "the segment was cut off while it was read: from %d bytes to %d", lines.read, info.Size())
	}
	if err == nil && statErr == nil && info.Size() <= lines.read {
		return false, io.EOF
	}
	select {
	case <-r.options.Follow:
		return false, end
	case <-time.After(poll):
		return true, lines.again()
	}
}

func (r *reader) endSegment(lines int) {
	if lines == 0 {
		r.fault(0, "the segment is empty")
	}
	if lines == 1 && !r.last { // the last may be in the making
		r.fault(0, "the segment ends before its first signature")
	}
	if r.ends == nil {
		r.ends = make(map[uint64]hash)
	}
	r.ends[r.number] = r.head
}

// torn notes a line without its end, which may be at the end of the trail.
func (r *reader) torn(lines *lines) {
	r.line++
	r.endSegment(r.line)
	info, err := lines.file.Stat()
	if r.last && err == nil {
		r.report.Torn = info.Size() - lines.read
		return
	}
	r.fault(0, "the segment ends within a record")
}

// text reads one line.
func (r *reader) text(text []byte) error {
	l, err := parseLine(text)
	if err != nil {
		r.fault(0, "the line is not a record")
		return nil //nolint:nilerr // it is a fault of the trail, which is noted
	}
	if r.line == 1 {
		r.begin(l)
	}
	r.link(l)
	event, err := r.body(l)
	if err != nil {
		return err
	}
	if event != nil && !isObject(event) {
		r.fault(l.seq, "its event is not a JSON object")
		event = nil
	}
	r.countUnsigned(l)
	r.seq, r.head = l.seq, l.hash()
	r.anchor()
	r.report.Last = l.seq
	if r.options.Visit != nil {
		return r.options.Visit(Record{r.number, l.seq, event})
	}
	return nil
}

// begin reads the first record of a segment.
func (r *reader) begin(l line) {
	var h header
	event, err := parseOwn(l.body, &h)
	if err != nil || event.Event != eventSegment {
		r.fault(l.seq, "the segment does not begin with its first record")
		return
	}
	if h.Format != format {
		r.fault(l.seq, "the segment has the format %q, not %s", h.Format, format)
	}
	if h.Segment != r.number {
		r.fault(l.seq, "the segment says that its number is %d", h.Segment)
	}
	r.report.TakenOut += h.TornBytes
	if h.TornBytes > maxLine {
		r.fault(l.seq, "the end of the segment before was damaged, and taken out at the next start: %d bytes with the SHA-256 %s, which is more than a record that a process did not finish", h.TornBytes, h.TornSHA256)
	}
	if h.TornSignatures > 0 {
		r.fault(l.seq, "signed records were damaged at the end of the segment before, and taken out at the next start: %d bytes with the SHA-256 %s", h.TornBytes, h.TornSHA256)
	}
	if r.headers == 0 {
		r.report.Trail, r.report.First = h.Trail, l.seq
		if r.number > 1 { // What was before is not there to commit to.
			r.seq = l.seq - 1
			// checked as the end of what was deleted
			r.head, _ = parseHash(string(l.prev))
			r.ends = map[uint64]hash{r.number - 1: r.head}
			r.anchor()
		}
	} else {
		if h.Trail != r.header.Trail {
			r.fault(l.seq, "the segment belongs to another trail: %s, not %s", h.Trail, r.header.Trail)
		}
		if !h.endorsedBy(r.header.Key) {
			r.fault(l.seq, "the segment is signed with a key that the one before has not endorsed")
		}
	}
	r.open(h)
}

// open takes the segment's keys.
func (r *reader) open(h header) {
	r.header, r.ratchet = h, nil
	r.headers++
	r.run, r.overrun = 0, false
	r.report.Key = h.Key
	if key := ed25519.PublicKey(h.Key); len(r.keys) == 0 || !key.Equal(r.keys[len(r.keys)-1]) {
		r.keys = append(r.keys, key)
	}
	if len(h.Age) > 0 && len(r.options.Identities) > 0 {
		if opened, err := openRatchet(h.Trail, h.Age, r.options.Identities); err == nil {
			r.ratchet = opened
		}
	}
}

// link checks that a record commits to the one before.
func (r *reader) link(l line) {
	switch {
	case l.seq > r.seq+1:
		r.fault(l.seq, "records %d to %d are missing before it", r.seq+1, l.seq-1)
	case l.seq <= r.seq:
		r.fault(l.seq, "it stands after record %d: it is there twice, or out of its order", r.seq)
	case !l.follows(r.head):
		r.fault(l.seq, "it commits to another record %d than the one before it: that was changed, or this was", l.seq-1)
	}
}

// body reads the event of a record; nil if that cannot be opened.
func (r *reader) body(l line) ([]byte, error) {
	switch {
	case l.isOwn():
		r.own(l)
		return l.body, nil
	case !l.sealed():
		r.report.Events++
		if len(r.header.Age) > 0 {
			r.fault(l.seq, "its event is not sealed, but the segment is encrypted")
		}
		return l.body, nil
	}
	r.report.Events++
	if len(r.header.Age) == 0 {
		r.fault(l.seq, "its event is sealed, but the segment is not encrypted")
	}
	if r.ratchet == nil {
		r.report.Unopened++
		return nil, nil
	}
	event, err := r.ratchet.open(l.body, l.seq)
	if errors.Is(err, errSealed) {
		r.fault(l.seq, "%v", err)
		r.report.Unopened++
		return nil, nil
	}
	return event, err
}

// isObject reports whether an event is a JSON object. The writer writes nothing
// else.
func isObject(event []byte) bool {
	value := jsontext.Value(event)
	return value.Kind() == '{' && value.IsValid()
}

// own reads an event of the trail's own.
func (r *reader) own(l line) {
	var err error
	switch {
	case l.is(eventSegment):
		if r.line != 1 {
			r.fault(l.seq, "the first record of a segment is in the middle of one")
		}
	case l.is(eventSignature):
		err = r.signature(l)
	case l.is(EventGap):
		var gap struct {
			Events uint64 `json:"events"`
		}
		_, err = parseOwn(l.body, &gap)
		r.report.Lost += gap.Events
	case l.is(EventClock):
		r.report.ClockSteps++
	case l.is(EventRollback):
		var was rollbackFields
		_, err = parseOwn(l.body, &was)
		r.fault(l.seq, "the trail was rolled back before it (%s): when it was opened, it ended with record %d, and record %d had been signed", was.Cause, was.Last, was.Seq)
	case l.is(EventRetention):
		var deleted retentionFields
		_, err = parseOwn(l.body, &deleted)
		r.unsigned = append(r.unsigned, deleted)
		r.report.Deleted = max(r.report.Deleted, deleted.Segment)
	default:
		r.fault(l.seq, "an event of the trail's own that this version does not know")
	}
	if err != nil {
		r.fault(l.seq, "an event of the trail's own that cannot be read: %v", err)
	}
}

// signature checks a signature against the record before.
func (r *reader) signature(l line) error {
	c, err := r.header.checkpoint(l, end{seq: r.seq, head: r.head})
	if err != nil {
		return err
	}
	if l.seq != r.seq+1 || !c.signedBy(r.header.Key) {
		r.fault(l.seq, "the signature does not fit the records before it")
		return nil
	}
	r.report.Signed, r.report.SignedAt, r.report.Latest = c.seq, c.at, c
	r.run, r.overrun = -1, false // countUnsigned is next
	r.pinned = r.pinned || r.options.Key != nil && r.header.endorsedBy(r.options.Key)
	r.deletions, r.unsigned = append(r.deletions, r.unsigned...), nil
	return nil
}

// countUnsigned checks that signatures come as often as the segment says. Its
// first record is signed at once, so that nothing is believed that a header
// says of itself.
func (r *reader) countUnsigned(l line) {
	r.run++
	if r.line == 2 && r.run > 0 {
		r.fault(l.seq, "the first record of the segment is not signed: here is no signature that fits")
	}
	if r.run > r.header.maxUnsigned() && !r.overrun {
		r.fault(l.seq, "more than %d records follow each other without a signature", r.header.maxUnsigned())
		r.overrun = true
	}
}

// anchor compares the record that was read with the checkpoint.
func (r *reader) anchor() {
	c := r.options.Checkpoint
	if c == nil || c.seq != r.seq || r.report.Anchored {
		return
	}
	if c.head != r.head {
		r.fault(r.seq, "it is not the record that the checkpoint of %s vouches for: this trail has another history", c.at.Format(time.RFC3339))
	}
	r.report.Anchored = true
}
