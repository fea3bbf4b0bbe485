package window

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxFlights is how many round trips may be under way at once. Redis works
	// on one command at a time, so more would only make it wait less often.
	maxFlights = 4
	// maxBatch bounds the commands of one round trip.
	maxBatch = 128
)

// batcher sends commands to Redis, those that come while others are under way
// together, in one pipeline. It never waits for company: a caller alone sends
// at once, and no timer or goroutine runs when there is nothing to send. One
// of the callers flies each batch, for itself and for the others.
type batcher struct {
	client  redis.UniversalClient
	mu      sync.Mutex
	waiting []*passenger
	flights int
}

// passenger is one caller's command.
type passenger struct {
	cmd      oneShot
	deadline time.Time // zero for none
	// landed is closed when the command was answered or failed.
	landed chan struct{}
	// pilot receives the batch that this caller is to fly.
	pilot chan []*passenger
}

// process sends the command and returns its error, or the context's when that
// ends before the command is under way or while another caller flies it. The
// command may then be carried out all the same. Who flies sees it through, to
// the latest deadline on board.
func (b *batcher) process(ctx context.Context, cmd oneShot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := &passenger{cmd: cmd, landed: make(chan struct{}), pilot: make(chan []*passenger, 1)}
	p.deadline, _ = ctx.Deadline()
	if b.board(p) {
		b.fly([]*passenger{p})
		return cmd.Err()
	}
	select {
	case <-p.landed:
		return cmd.Err()
	case batch := <-p.pilot:
		b.fly(batch)
		return cmd.Err()
	case <-ctx.Done():
		b.leave(p)
		return ctx.Err()
	}
}

// board reports whether the passenger may fly at once. Otherwise it waits.
func (b *batcher) board(p *passenger) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flights < maxFlights {
		b.flights++
		return true
	}
	b.waiting = append(b.waiting, p)
	return false
}

// leave takes a passenger that no longer waits out of the queue. One that was
// made a pilot meanwhile leaves the batch to itself.
func (b *batcher) leave(p *passenger) {
	b.mu.Lock()
	i := slices.Index(b.waiting, p)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	b.mu.Unlock()
	if i >= 0 {
		return
	}
	select {
	case batch := <-p.pilot:
		go b.fly(batch[1:])
	default:
		// It is under way in another's batch.
	}
}

// fly sends a batch and lets the next one, if any, start.
func (b *batcher) fly(batch []*passenger) {
	defer b.land(batch)
	ctx, cancel := deadlineOf(batch)
	defer cancel()
	if len(batch) == 1 {
		_ = b.client.Process(ctx, batch[0].cmd) // the command keeps its error
		return
	}
	pipe := b.client.Pipeline()
	for _, p := range batch {
		_ = pipe.Process(ctx, p.cmd) // only queues
	}
	_, _ = pipe.Exec(ctx) // each command keeps its error
}

func (b *batcher) land(batch []*passenger) {
	for _, p := range batch {
		close(p.landed)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.flights--
		return
	}
	n := min(len(b.waiting), maxBatch)
	next := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	next[0].pilot <- next
}

// deadlineOf is the latest deadline of the batch: no caller's impatience, nor
// its leaving, may end what others wait for.
func deadlineOf(batch []*passenger) (context.Context, context.CancelFunc) {
	var latest time.Time
	for _, p := range batch {
		if p.deadline.IsZero() {
			return context.Background(), func() {}
		}
		if p.deadline.After(latest) {
			latest = p.deadline
		}
	}
	return context.WithDeadline(context.Background(), latest)
}
