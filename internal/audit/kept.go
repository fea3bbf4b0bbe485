package audit

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// signedExtension is of the file beside the signing key that holds the last
// checkpoint.
const signedExtension = ".signed"

// SignedFileOf returns the file beside a signing key that holds the last
// checkpoint. What it vouches for must be in the trail when that is opened
// again.
func SignedFileOf(keyFile string) string { return keyFile + signedExtension }

// keep keeps a checkpoint beside the signing key. What it vouches for is on the
// disk already, so that a crash leaves one that is older at worst.
func (w *writer) keep(c *Checkpoint) {
	w.unkept = nil
	if err := w.disk.replace(SignedFileOf(w.options.KeyFile), []byte(c.String())); err != nil {
		w.unkept = fmt.Errorf("keeping the last signature beside the signing key: %w", err)
	}
}

// ErrRolledBack is of a trail that is not what it was when it was signed last:
// its end was cut off, or others wrote there.
var ErrRolledBack = errors.New("the trail was rolled back")

// rollback is how a trail differs from the checkpoint that was kept.
type rollback struct {
	cause string      // behind, differs, other trail or unreadable
	kept  *Checkpoint // nil if it cannot be read
	last  uint64      // the trail's last record
	file  string
}

// Error says what is missing.
func (r *rollback) Error() string {
	switch {
	case r.kept == nil:
		return fmt.Sprintf("%v: %s holds no checkpoint with a signature of the trail's key", ErrRolledBack, r.file)
	case r.cause == "behind":
		return fmt.Sprintf("%v: record %d was signed at %s, and the trail ends with record %d", ErrRolledBack, r.kept.seq, r.kept.at.Format(time.RFC3339), r.last)
	default:
		return fmt.Sprintf("%v: record %d of the trail %s was signed at %s, and is another now", ErrRolledBack, r.kept.seq, r.kept.trail, r.kept.at.Format(time.RFC3339))
	}
}

// Unwrap makes it an ErrRolledBack.
func (r *rollback) Unwrap() error { return ErrRolledBack }

// event returns the event that records it.
func (r *rollback) event() Event {
	fields := []Field{Text("cause", r.cause), Number("last", int64(r.last))}
	if c := r.kept; c != nil {
		fields = append(fields, Text("trail", c.trail), Number("seq", int64(c.seq)), Text("head", c.head.String()))
	}
	return Event{Name: EventRollback, Fields: fields}
}

// checkSigned returns what is to be recorded about a trail that was rolled
// back, or an error where that is to be refused.
func (w *writer) checkSigned(last tail) (about []Event, err error) {
	found, err := w.findRollback(last)
	if found == nil || err != nil {
		return nil, err
	}
	if w.options.Strict {
		return nil, found
	}
	w.rolledBack = found
	return []Event{found.event()}, nil
}

// findRollback compares the end of the trail with the checkpoint that was kept.
// It returns nil where that is in the trail, or none was kept.
func (w *writer) findRollback(last tail) (*rollback, error) {
	found := &rollback{last: last.end.seq, file: SignedFileOf(w.options.KeyFile)}
	text, err := os.ReadFile(found.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last signature: %w", err)
	}
	c, err := ParseCheckpoint(text)
	if err != nil || !slices.ContainsFunc(w.keys(last), c.signedBy) {
		found.cause = "unreadable"
		return found, nil
	}
	found.kept = c
	if found.cause, err = w.compare(c, last); found.cause == "" {
		return nil, err
	}
	return found, err
}

// keys returns the public keys that may have signed the last checkpoint.
func (w *writer) keys(last tail) []ed25519.PublicKey {
	keys := []ed25519.PublicKey{w.key.Public(), last.header.Key}
	for _, endorsed := range w.key.endorsements {
		keys = append(keys, endorsed.Key)
	}
	return keys
}

// compare returns how the trail differs from a checkpoint; "" where it does
// not.
func (w *writer) compare(c *Checkpoint, last tail) (cause string, err error) {
	if c.seq > last.end.seq {
		return "behind", nil
	}
	if c.trail != last.header.Trail {
		return "other trail", nil
	}
	head, err := headOf(w.options.Folder, c.segment, c.seq)
	if errors.Is(err, fs.ErrNotExist) && c.segment < w.segment {
		return "", nil // It was old and deleted. The trail was signed since then.
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if !bytes.Equal(head, c.head[:]) {
		return "differs", nil
	}
	return "", nil
}

// headOf returns the hash of a record of a segment; nil if it has none of that
// number.
func headOf(folder string, segment, seq uint64) ([]byte, error) {
	lines, err := openLines(folder, segment)
	if err != nil {
		return nil, err
	}
	defer lines.close()
	for {
		record, err := nextRecord(lines)
		if err != nil || record == nil {
			return nil, err
		}
		if record.seq == seq {
			head := record.hash()
			return head[:], nil
		}
	}
}
