package audit

import (
	"fmt"
	"time"
)

// run writes batch by batch, until the trail is closed.
func (t *Trail) run() {
	defer close(t.stopped)
	for {
		timer := time.NewTimer(t.w.rest())
		select {
		case <-t.wake:
			t.linger()
		case <-t.offered:
			t.gather()
		case <-timer.C:
		}
		timer.Stop()
		b, last := t.take()
		t.commit(b, last)
		if last {
			return
		}
	}
}

// linger lets a group gather.
func (t *Trail) linger() {
	if t.w.options.Sync == SyncGroup && t.w.options.Delay > 0 {
		time.Sleep(t.w.options.Delay)
	}
}

// gather lets events gather that nobody waits for, until somebody does.
func (t *Trail) gather() {
	timer := time.NewTimer(t.w.options.Gather)
	defer timer.Stop()
	select {
	case <-t.wake:
	case <-timer.C:
	}
}

// take takes the first batch, which may be empty, and reports whether it is the
// last.
func (t *Trail) take() (b *batch, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b = t.queue[0]
	t.waiting -= b.events
	t.queue = t.queue[1:]
	close(b.taken)
	if len(t.queue) > 0 {
		signal(t.wake)
		return b, false
	}
	t.queue = append(t.queue, t.newBatch())
	return b, t.closed
}

// commit writes a batch, and what the trail has to say itself. It tells those
// who wait.
func (t *Trail) commit(b *batch, last bool) {
	lost := t.takeLost(b.events > 0 || last)
	if changed := t.changed.Swap(nil); changed != nil {
		t.w.options, t.w.outdated = *changed, true
	}
	start := time.Now()
	err := t.w.commit(b, lost)
	if b.events > 0 && err == nil {
		t.w.options.Committed(b.events, time.Since(start))
	}
	before := t.settle(b, lost, err)
	if err != nil {
		b.err = fmt.Errorf("recording in the audit trail: %w", err)
	}
	close(b.done)
	if (before == nil) != (err == nil) {
		t.w.options.Report(err)
	}
}

// takeLost takes what is to be recorded as a gap. A gap of nothing but minor
// events waits for something else to be recorded: a flood of them must not fill
// with gaps what is kept from it.
func (t *Trail) takeLost(more bool) gap {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost.minor && !more {
		return gap{}
	}
	lost := t.lost
	t.lost = gap{}
	return lost
}

// drop counts events as lost that had been acknowledged. The caller holds the
// lock.
func (t *Trail) drop(dropped counts, cause error) {
	if dropped.events+dropped.gaps == 0 {
		return
	}
	t.lose(dropped.events+dropped.gaps, cause)
	t.status.Lost -= dropped.gaps // They were counted before.
	t.status.Recorded -= dropped.events
}

// settle notes what came of a batch. It returns the error that was before.
func (t *Trail) settle(b *batch, lost gap, err error) (before error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.spare == nil {
		t.spare = b.bodies
	}
	before = t.status.Err
	t.status.Err, t.status.Retention, t.status.Segment, t.status.Bytes = err, t.w.undeleted, t.w.segment, t.w.bytes()
	t.status.Unkept = t.w.unkept
	if err == nil {
		t.status.Recorded += uint64(b.events)
		return before
	}
	t.drop(t.w.dropped, err)
	t.w.dropped = counts{}
	if lost.count > 0 { // still to be recorded
		lost.minor = lost.minor && (t.lost.count == 0 || t.lost.minor)
		lost.count += t.lost.count
		t.lost = lost
	}
	if b.events > 0 {
		t.lose(uint64(b.events), err)
	}
	return before
}
