package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// writer writes the segments of a trail. It belongs to one goroutine.
type writer struct {
	options    Options
	disk       disk
	key        *Key
	pseudonyms *Key // the key at the start
	trail      string

	file  file // nil while the trail fails
	stale file // what failed, until its end is cut
	// leftover is the path of a segment that was begun in vain and could not be
	// removed; empty where there is none.
	leftover string
	segment  uint64
	began    time.Time
	// outdated says that the segment was begun with other options.
	outdated bool
	size     int64
	events   int // in this segment
	ratchet  *ratchet
	end      end

	lastTime time.Time // in the trail when it was opened
	openedAt time.Time // with a monotonic reading

	unsigned      int // records since the last signature
	unsignedSince time.Time
	unsynced      bool
	syncedAt      time.Time
	synced        extent      // what a loss of power leaves of the segment
	pending       counts      // what was acknowledged since then
	signed        *Checkpoint // the last signature since then; nil without one
	dropped       counts      // what was acknowledged, and is lost after all

	closed      []closedSegment
	closedBytes int64
	undeleted   error // of the last deletion
	unkept      error // of the last signature that was to be kept
	rolledBack  error // at the start
	buffer      []byte
}

// end is the end of a trail.
type end struct {
	seq  uint64
	head hash
	at   time.Time
}

// extent is how far a segment reaches.
type extent struct {
	size int64
	end  end
}

// counts are how many events there are, and how many that gaps tell of.
type counts struct{ events, gaps uint64 }

// closedSegment is a segment that is written no more.
type closedSegment struct {
	number uint64
	size   int64
	end    end // at is when it was closed
	known  bool
}

// maxRest is the longest time between two looks at what is to be deleted.
const maxRest = time.Hour

// rest returns how long there is nothing to do without new events.
func (w *writer) rest() time.Duration {
	if w.file == nil || w.atQuota() {
		return w.options.Retry
	}
	rest := maxRest
	if w.unsigned > 0 {
		rest = min(rest, time.Until(w.unsignedSince.Add(w.options.SignInterval)))
	}
	if w.unsynced {
		rest = min(rest, time.Until(w.syncedAt.Add(w.options.SyncInterval)))
	}
	if age := w.options.MaxAge; age > 0 && w.events > 0 {
		rest = min(rest, age-w.options.Now().Sub(w.began))
	}
	return max(rest, 0)
}

// bytes returns the size of all segments.
func (w *writer) bytes() int64 { return w.closedBytes + w.size }

// ownReserve is how many bytes before the quota are for what the trail has to
// say itself.
const ownReserve = 2 * maxEvent

// atQuota reports whether there is no room for another event.
func (w *writer) atQuota() bool {
	return w.options.Quota > 0 && w.bytes() > w.options.Quota-ownReserve
}

// full reports whether the segment ends here.
func (w *writer) full() bool {
	age := w.options.MaxAge
	return w.outdated || w.size >= w.options.MaxSize || age > 0 && w.events > 0 && w.options.Now().Sub(w.began) >= age
}

// commit writes a batch, after the gap before it.
func (w *writer) commit(b *batch, lost gap) error {
	if w.file == nil {
		if err := w.resume(); err != nil {
			return err
		}
	} else if w.full() {
		if err := w.rotate(); err != nil {
			return err
		}
	}
	if err := w.retain(); err != nil {
		return err
	}
	quota := w.atQuota()
	d := w.draft()
	if !quota {
		if err := d.addBatch(b, lost); err != nil {
			return w.fail(err)
		}
	}
	due := w.signatureDue(d)
	if due {
		if err := w.checkPresent(); err != nil {
			return w.fail(err)
		}
		d.sign()
	}
	if err := w.write(d); err != nil {
		return err
	}
	if quota {
		return ErrQuota
	}
	w.events += b.events
	if w.unsynced {
		w.pending.events += uint64(b.events)
		w.pending.gaps += lost.count
	}
	return nil
}

// addBatch adds the events of a batch, after the gap before it.
func (d *draft) addBatch(b *batch, lost gap) error {
	if lost.count > 0 {
		fields := []Field{
			Number("events", int64(lost.count)),
			Text("since", lost.since.UTC().Format(timeFormat)), Text("cause", lost.cause),
		}
		if err := d.addOwn(Event{Name: EventGap, Fields: fields}); err != nil {
			return err
		}
	}
	start := 0
	for _, mark := range b.ends {
		if err := d.add(b.bodies[start:mark.end], mark.own); err != nil {
			return err
		}
		start = mark.end
	}
	return nil
}

// signatureDue reports whether a draft ends with a signature.
func (w *writer) signatureDue(d *draft) bool {
	unsigned := w.unsigned + d.records
	if unsigned == 0 {
		return false
	}
	return unsigned >= w.options.SignAfter ||
		w.unsigned > 0 && time.Since(w.unsignedSince) >= w.options.SignInterval
}

// write writes a draft, and syncs it as the policy says.
func (w *writer) write(d *draft) error {
	if len(d.text) > 0 {
		if _, err := w.file.Write(d.text); err != nil {
			return w.fail(err)
		}
		w.unsynced = true
	}
	w.accept(d)
	due := w.options.Sync != SyncInterval || time.Since(w.syncedAt) >= w.options.SyncInterval
	if w.unsynced && due {
		if err := w.file.Sync(); err != nil {
			return w.fail(err)
		}
		w.isSynced()
	}
	return nil
}

// isSynced notes that all that was written is on the disk.
func (w *writer) isSynced() {
	w.unsynced, w.syncedAt, w.synced, w.pending = false, time.Now(), extent{w.size, w.end}, counts{}
	if w.signed != nil {
		w.keep(w.signed)
		w.options.Signed(w.signed)
		w.signed = nil
	}
}

// accept makes a draft that was written the end of the trail.
func (w *writer) accept(d *draft) {
	w.end = d.end
	w.size += int64(len(d.text))
	w.buffer = d.text[:0]
	if d.signed == nil {
		if w.unsigned == 0 {
			w.unsignedSince = time.Now()
		}
		w.unsigned += d.records
		return
	}
	w.unsigned, w.signed = 0, d.signed
}

// fail gives the segment up. What was not synced is cut off, if that is
// possible: its state on the disk is unknown. What of it was acknowledged is
// lost.
func (w *writer) fail(err error) error {
	w.ratchet.erase()
	w.file, w.stale = nil, w.file
	w.size, w.end, w.signed = w.synced.size, w.synced.end, nil
	w.dropped.events += w.pending.events
	w.dropped.gaps += w.pending.gaps
	w.pending = counts{}
	if w.cut() == nil {
		w.retire()
	}
	return err
}

// cut takes what is not acknowledged out of the segment that failed.
func (w *writer) cut() error {
	if w.stale == nil {
		return nil
	}
	if err := errors.Join(w.stale.Truncate(w.size), w.stale.Sync()); err != nil {
		return fmt.Errorf("cutting the segment that failed: %w", err)
	}
	_ = w.stale.Close() // It is synced.
	w.stale = nil
	return nil
}

// resume goes on with a new segment after a failure.
func (w *writer) resume() error {
	if w.stale != nil {
		if err := w.cut(); err != nil {
			return err
		}
		w.retire()
	}
	if err := makeFolder(w.disk, w.options.Folder); err != nil {
		return fmt.Errorf("making the trail's folder: %w", err)
	}
	return w.begin(torn{})
}

// retire makes the segment a closed one.
func (w *writer) retire() {
	at := w.end
	at.at = w.options.Now()
	w.closed = append(w.closed, closedSegment{w.segment, w.size, at, true})
	w.closedBytes += w.size
	w.size = 0
}

var errGone = errors.New("the segment is not in its folder any more")

// checkPresent returns an error if somebody has removed the segment, or put
// another file in its place.
func (w *writer) checkPresent() error {
	ours, err := w.file.Stat()
	if err != nil {
		return fmt.Errorf("looking at the segment: %w", err)
	}
	there, err := os.Stat(w.path(w.segment))
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if !os.SameFile(ours, there) {
		return errGone
	}
	return nil
}

func (w *writer) path(segment uint64) string {
	return filepath.Join(w.options.Folder, segmentName(segment))
}

// draft is what is to be written, and the end of the trail afterwards.
type draft struct {
	w       *writer
	text    []byte
	end     end
	records int // without signatures
	signed  *Checkpoint
}

func (w *writer) draft() *draft { return &draft{w: w, text: w.buffer[:0], end: w.end} }

// add adds a record, sealed unless it is the trail's own.
func (d *draft) add(body []byte, own bool) error {
	start, seq := len(d.text), d.end.seq+1
	if own || d.w.ratchet == nil {
		d.text = appendLine(d.text, body, d.end.head, seq)
	} else {
		d.text = append(d.text, bodyName...)
		var err error
		if d.text, err = d.w.ratchet.appendSealed(d.text, body, seq); err != nil {
			return err
		}
		d.text = appendEnd(d.text, d.end.head, seq)
	}
	d.end.seq, d.end.head = seq, line{text: d.text[start:]}.hash()
	d.text = append(d.text, '\n')
	d.records++
	return nil
}

// addOwn adds an event of the trail's own.
func (d *draft) addOwn(event Event) error {
	d.end.at = d.w.options.Now()
	body, err := event.append(nil, d.end.at)
	if err != nil {
		return err
	}
	return d.add(body, true)
}

// sign adds a signature of the record before.
func (d *draft) sign() {
	w := d.w
	c := &Checkpoint{trail: w.trail, seq: d.end.seq, head: d.end.head, segment: w.segment, at: w.options.Now().UTC().Truncate(time.Microsecond)}
	c.sign(w.key)
	body, _ := Event{Name: eventSignature, Fields: []Field{ // its fields are valid
		Text("by", base64.StdEncoding.EncodeToString(c.keyID[:])),
		Text("signature", base64.StdEncoding.EncodeToString(c.signature)),
	}}.append(nil, c.at)
	_ = d.add(body, true) // It is not sealed.
	d.end.at, d.signed = c.at, c
	d.records--
}
