package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned for events after the trail was closed.
var ErrClosed = errors.New("the audit trail is closed")

// ErrQuota is returned for events that the quota has no room for.
var ErrQuota = errors.New("the audit trail is at its quota")

// Trail records events. Its methods may be called concurrently.
type Trail struct {
	options Options // those at the start
	lock    *os.File
	changed atomic.Pointer[Options] // what the writer is to change to

	mu       sync.Mutex
	maxGroup int
	quota    int64
	queue    []*batch // at least one; the last has room, or there is none
	waiting  int      // events in the queue
	spare    []byte
	lastTime time.Time
	lost     gap
	status   Status
	closed   bool

	wake    chan struct{} // somebody waits; has one place
	offered chan struct{} // nobody does; has one place
	stopped chan struct{}
	w       writer // of the goroutine
}

// Status is how a trail fares.
type Status struct {
	// Err is why events cannot be recorded now; nil where they can.
	Err error
	// Recorded and Lost are how many events were recorded since the trail was
	// opened, and how many could not be.
	Recorded, Lost uint64
	// Unrecorded is how many of those lost the trail does not mention yet.
	Unrecorded uint64
	// Segment is the number of the segment that is written.
	Segment uint64
	// Bytes is the size of all segments.
	Bytes int64
	// RolledBack says that the trail was not what it was when it was signed last,
	// as it was opened; nil if it was.
	RolledBack error
	// Unkept is why the last signature could not be kept beside the signing key;
	// nil if it was.
	Unkept error
	// Quota is how many bytes there may be; 0 for any number. Reserved says that
	// there is no room for minor events any more.
	Quota    int64
	Reserved bool
	// Retention is why old segments could not be deleted; nil where they were.
	Retention error
}

// gap is events that were lost and of which the trail does not know yet.
type gap struct {
	count uint64
	since time.Time
	cause string
	minor bool // none but minor events, and those because of the quota
}

// batch is events that are written together.
type batch struct {
	bodies []byte // and clock events of the trail's own
	ends   []mark
	events int
	taken  chan struct{} // closed when the writer takes it
	done   chan struct{} // closed when err is set
	err    error
}

// mark is where a body ends.
type mark struct {
	end int
	own bool
}

func (t *Trail) newBatch() *batch {
	b := &batch{bodies: t.spare[:0], taken: make(chan struct{}), done: make(chan struct{})}
	t.spare = nil
	return b
}

// Open begins a new segment of the trail in a folder, after it has repaired the
// end of the last one. Its errors say what is wrong with the folder or the key.
func Open(options Options) (*Trail, error) {
	return openOn(system{}, options)
}

func openOn(on disk, options Options) (*Trail, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := makeFolder(on, options.Folder); err != nil {
		return nil, fmt.Errorf("making the trail's folder: %w", err)
	}
	locked, err := lock(options.Folder)
	if err != nil {
		return nil, err
	}
	t := &Trail{
		options: options, lock: locked, maxGroup: options.MaxGroup, quota: options.Quota,
		wake: make(chan struct{}, 1), offered: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	t.queue = []*batch{t.newBatch()}
	t.w = writer{options: options, disk: on}
	if t.lastTime, err = t.w.open(); err != nil {
		_ = locked.Close()
		return nil, err
	}
	t.note(func(s *Status) {
		s.Segment, s.Bytes, s.RolledBack, s.Unkept = t.w.segment, t.w.bytes(), t.w.rolledBack, t.w.unkept
	})
	go t.run()
	return t, nil
}

// Change changes the options of an open trail: a new segment begins with them.
// The folder, the key's file, the clock and MaxWaiting stay as they are.
func (t *Trail) Change(options Options) error {
	options.Folder, options.KeyFile = t.options.Folder, t.options.KeyFile
	options.Now, options.MaxWaiting = t.options.Now, t.options.MaxWaiting
	options, err := options.withDefaults()
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.maxGroup, t.quota = options.MaxGroup, options.Quota
	t.changed.Store(&options)
	t.mu.Unlock()
	signal(t.wake)
	return nil
}

// Append records an event, and returns when that is as safe as the sync policy
// says. After an error the event is not acknowledged: it is counted, and the
// trail records the gap as soon as it can. If ctx ends meanwhile, its error is
// returned, and the event may be recorded or not.
func (t *Trail) Append(ctx context.Context, event Event) error {
	b, err := t.put(ctx, event, true)
	if err != nil {
		return err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Offer records an event soon, with others that come within a moment
// ([Options.Gather]). It never waits: what there is no room for is
// counted as lost, and the trail records the gap as soon as it can. It reports
// whether there was room.
func (t *Trail) Offer(event Event) bool {
	_, err := t.put(context.Background(), event, false)
	return err == nil
}

// errFull is why an event was lost that could not wait.
var errFull = errors.New("too many events at a time")

// errReserved is why a minor event is lost before the quota is reached.
var errReserved = fmt.Errorf("%w for events of this kind", ErrQuota)

// reserved reports whether there is no room for minor events any more. The
// caller holds the lock.
func (t *Trail) reserved() bool {
	if t.quota == 0 {
		return false
	}
	bytes := t.status.Bytes
	for _, b := range t.queue {
		bytes += 2 * int64(len(b.bodies)) // about as much as they take in records
	}
	return bytes > t.quota-t.quota/10-ownReserve
}

// put puts an event into the last batch, once there is room, or loses it.
func (t *Trail) put(ctx context.Context, event Event, mayWait bool) (*batch, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, err := t.tryPut(ctx, event, mayWait)
	if err != nil && !errors.Is(err, ErrClosed) {
		t.lose(1, err)
		if t.status.Err == nil && !t.lost.minor {
			signal(t.offered) // The gap can be recorded soon.
		}
	}
	return b, err
}

// tryPut is put, but does not count what is lost. The caller holds the lock.
func (t *Trail) tryPut(ctx context.Context, event Event, mayWait bool) (*batch, error) {
	if err := event.check(); err != nil {
		return nil, err
	}
	for {
		switch {
		case t.closed:
			return nil, ErrClosed
		case t.status.Err != nil:
			return nil, t.status.Err
		case event.Minor && t.reserved():
			return nil, errReserved
		case t.waiting < t.options.MaxWaiting:
			return t.add(event, mayWait)
		case !mayWait:
			return nil, errFull
		}
		if err := t.wait(ctx, t.queue[0].taken); err != nil {
			return nil, err
		}
	}
}

// wait waits for the channel or the end of ctx, without the lock.
func (t *Trail) wait(ctx context.Context, until <-chan struct{}) error {
	t.mu.Unlock()
	defer t.mu.Lock()
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add adds an event to the last batch, for which somebody waits or not. The
// caller holds the lock.
func (t *Trail) add(event Event, awaited bool) (*batch, error) {
	b := t.queue[len(t.queue)-1]
	if b.events >= t.maxGroup {
		b = t.newBatch()
		t.queue = append(t.queue, b)
	}
	now := t.options.Now().Round(0) // The time of the day alone tells of steps.
	if now.Before(t.lastTime) {
		back := Event{Name: EventClock, Fields: []Field{Text("from", t.lastTime.UTC().Format(timeFormat))}}
		if err := b.add(back, now, true); err != nil {
			return nil, err
		}
	}
	t.lastTime = now
	if err := b.add(event, now, false); err != nil {
		return nil, err
	}
	b.events++
	t.waiting++
	if awaited || b.events >= t.maxGroup {
		signal(t.wake)
	} else {
		signal(t.offered)
	}
	return b, nil
}

func (b *batch) add(event Event, now time.Time, own bool) (err error) {
	if b.bodies, err = event.append(b.bodies, now); err == nil {
		b.ends = append(b.ends, mark{len(b.bodies), own})
	}
	return err
}

// signal wakes the writer.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default: // It is about to look.
	}
}

// lose counts events that are lost. The caller holds the lock.
func (t *Trail) lose(events uint64, cause error) {
	minor := errors.Is(cause, errReserved)
	if t.lost.count == 0 {
		t.lost = gap{since: t.options.Now(), cause: causeOf(cause), minor: minor}
	}
	t.lost.minor = t.lost.minor && minor
	t.lost.count += events
	t.status.Lost += events
}

// causeOf is what the trail says of an error: nothing but the kind.
func causeOf(err error) string {
	switch {
	case errors.Is(err, errFull):
		return "overload"
	case errors.Is(err, ErrQuota):
		return "quota"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "time"
	case errors.Is(err, errLarge), errors.Is(err, errName), errors.Is(err, errFields):
		return "event"
	default:
		return "disk"
	}
}

// Status returns how the trail fares.
func (t *Trail) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	status := t.status
	status.Unrecorded, status.Quota, status.Reserved = t.lost.count, t.quota, t.reserved()
	return status
}

func (t *Trail) note(change func(*Status)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status)
}

// Pseudonym returns what stands for a principal in this trail; see
// [Key.Pseudonym].
func (t *Trail) Pseudonym(principal string) string { return t.w.pseudonyms.Pseudonym(principal) }

// Close records what was put before, signs the end of the trail and closes it.
func (t *Trail) Close() error {
	t.mu.Lock()
	already := t.closed
	t.closed = true
	t.mu.Unlock()
	if already {
		return ErrClosed
	}
	signal(t.wake)
	<-t.stopped
	return errors.Join(t.w.close(), t.lock.Close())
}
