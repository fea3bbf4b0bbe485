package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// torn is what was taken out of the end of the last segment.
type torn struct {
	bytes      int64
	sum        string
	signatures int64
}

// begin begins the next segment, with events of the trail's own about the one
// before. On an error there is no file of it.
func (w *writer) begin(cut torn, about ...Event) error {
	w.renewKey()
	number := w.segment + 1
	h := &header{
		Format: format, Trail: w.trail, Segment: number, MaxUnsigned: w.options.maxUnsigned(),
		TornBytes: cut.bytes, TornSHA256: cut.sum, TornSignatures: cut.signatures,
	}
	h.endorse(w.key)
	var sealing *ratchet
	if recipients := w.options.Recipients; len(recipients) > 0 {
		var err error
		if sealing, h.Age, err = newRatchet(w.trail, recipients); err != nil {
			return err
		}
	}
	began := w.options.Now()
	next := *w
	next.segment = number
	d := next.draft()
	if err := d.addOwn(h.event()); err != nil {
		return err
	}
	d.sign()
	for _, event := range about {
		if err := d.addOwn(event); err != nil {
			return err
		}
		d.sign()
	}
	created, err := w.create(number, d.text)
	if err != nil {
		return err
	}
	w.file, w.segment, w.began, w.size, w.events, w.ratchet = created, number, began, 0, 0, sealing
	w.outdated = false
	w.accept(d)
	w.isSynced()
	return nil
}

// create makes a segment with its first records, and sees both to the disk.
func (w *writer) create(number uint64, text []byte) (file, error) {
	if err := w.removeLeftover(); err != nil {
		return nil, err
	}
	path := w.path(number)
	created, err := w.disk.create(path)
	if err != nil {
		return nil, fmt.Errorf("making a segment: %w", err)
	}
	_, err = created.Write(text)
	if err == nil {
		err = created.Sync()
	}
	if err == nil {
		err = w.disk.syncFolder(w.options.Folder)
	}
	if err != nil {
		w.leftover = path
		return nil, errors.Join(fmt.Errorf("making a segment: %w", err), created.Close(), w.removeLeftover())
	}
	return created, nil
}

// removeLeftover removes the segment that was begun in vain: its number is
// needed.
func (w *writer) removeLeftover() error {
	if w.leftover == "" {
		return nil
	}
	if err := w.disk.remove(w.leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a segment that was not begun: %w", err)
	}
	w.leftover = ""
	return nil
}

// renewKey takes a new signing key into use, if the file has one that the
// present one endorses.
func (w *writer) renewKey() {
	key, err := ReadKey(w.options.KeyFile)
	if err == nil && leads(w.key.Public(), key.Public(), key.endorsements) {
		w.key = key
	}
}

// rotate ends the segment and begins the next.
func (w *writer) rotate() error {
	if err := w.seal(); err != nil {
		return err
	}
	w.retire()
	return w.begin(torn{})
}

// seal signs the end of the segment and closes it.
func (w *writer) seal() error {
	d := w.draft()
	if w.unsigned > 0 {
		d.sign()
	}
	w.syncedAt = time.Time{} // now, whatever the policy
	if err := w.write(d); err != nil {
		return err
	}
	w.ratchet.erase()
	_ = w.file.Close() // It is synced.
	w.file = nil
	return nil
}

// close ends the trail.
func (w *writer) close() error {
	if w.file == nil {
		if w.stale != nil {
			_ = w.stale.Close()
		}
		return nil
	}
	return w.seal()
}

// retain deletes the segments that are not to be kept, after it has recorded
// that.
func (w *writer) retain() error {
	victims, reason := w.victims()
	if victims == 0 {
		return nil
	}
	last := w.closed[victims-1]
	d := w.draft()
	err := d.addOwn(Event{Name: EventRetention, Fields: []Field{
		Number("segment", int64(last.number)), Number("seq", int64(last.end.seq)),
		Text("head", last.end.head.String()), Text("reason", reason), Number("segments", int64(victims)),
	}})
	if err != nil {
		return err
	}
	d.sign()
	w.syncedAt = time.Time{}
	if err := w.write(d); err != nil {
		return err
	}
	w.undeleted = w.delete(w.closed[:victims])
	w.closed = append([]closedSegment(nil), w.closed[victims:]...)
	return nil
}

// delete deletes segments, and what was taken out of them. What it leaves, the
// next start deletes.
func (w *writer) delete(victims []closedSegment) error {
	var errs []error
	for _, victim := range victims {
		path := w.path(victim.number)
		torn, err := filepath.Glob(path + ".*" + tornExtension)
		errs = append(errs, err)
		for _, name := range append(torn, path) {
			if err := w.disk.remove(name); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		w.closedBytes -= victim.size
	}
	if err := errors.Join(append(errs, w.disk.syncFolder(w.options.Folder))...); err != nil {
		return fmt.Errorf("deleting old segments: %w", err)
	}
	return nil
}

// maxLeap is how far the clock may be ahead of what the trail knows.
const maxLeap = 24 * time.Hour

// plausibleNow returns the time, but not more than maxLeap past the last time
// in the trail and what went by since it was opened: a clock that leaps must
// not delete the history.
func (w *writer) plausibleNow() time.Time {
	now := w.options.Now()
	if most := w.lastTime.Add(time.Since(w.openedAt) + maxLeap); now.After(most) {
		return most
	}
	return now
}

// victims returns how many of the closed segments are not to be kept, and why.
func (w *writer) victims() (n int, reason string) {
	if most := w.options.RetainCount; most > 0 && len(w.closed) > most {
		n, reason = len(w.closed)-most, "count"
	}
	if age := w.options.RetainAge; age > 0 {
		before := w.plausibleNow().Add(-age)
		for n < len(w.closed) && w.closed[n].end.at.Before(before) {
			n, reason = n+1, "age"
		}
	}
	for i := range n {
		if !w.closed[i].known { // What follows cannot be tied to it.
			return i, reason
		}
	}
	return n, reason
}
