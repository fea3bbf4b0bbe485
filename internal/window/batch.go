package window

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxSending is how many round trips may be under way at once. Redis works
	// on one command at a time, so more would only make it wait less often.
	maxSending = 4
	// maxBatch bounds the commands of one round trip.
	maxBatch = 128
)

// batcher sends commands to Redis. Commands that come while others are under
// way are sent together, in one pipeline. A single command is sent at once, and
// no timer or goroutine runs when there is nothing to send. One caller leads
// each batch: it sends the batch for itself and for its followers.
type batcher struct {
	client  redis.UniversalClient
	mu      sync.Mutex
	waiting []*command
	sending int // round trips under way
}

// command is one caller's command.
type command struct {
	cmd      oneShot
	deadline time.Time // zero for none
	// done is closed when the command was answered or failed.
	done chan struct{}
	// lead receives the batch that this caller is to send.
	lead chan []*command
}

// process sends the command and returns its error, or the context's when that
// ends before the command is under way or while another caller sends it. The
// command may then be carried out all the same. A leader waits for the answer
// until the latest deadline of its batch.
func (b *batcher) process(ctx context.Context, cmd oneShot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &command{cmd: cmd, done: make(chan struct{}), lead: make(chan []*command, 1)}
	c.deadline, _ = ctx.Deadline()
	if b.join(c) {
		b.send([]*command{c})
		return cmd.Err()
	}
	select {
	case <-c.done:
		return cmd.Err()
	case batch := <-c.lead:
		b.send(batch)
		return cmd.Err()
	case <-ctx.Done():
		b.leave(c)
		return ctx.Err()
	}
}

// join reports whether the command may be sent at once. Otherwise it waits to
// lead a batch or to follow in one.
func (b *batcher) join(c *command) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sending < maxSending {
		b.sending++
		return true
	}
	b.waiting = append(b.waiting, c)
	return false
}

// leave takes a command whose caller no longer waits out of the queue. If it
// was made a leader meanwhile, its followers are sent without it.
func (b *batcher) leave(c *command) {
	b.mu.Lock()
	i := slices.Index(b.waiting, c)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	b.mu.Unlock()
	if i >= 0 {
		return
	}
	select {
	case batch := <-c.lead:
		go b.send(batch[1:])
	default:
		// It is under way in another's batch.
	}
}

// send sends a batch and lets the next one, if any, start.
func (b *batcher) send(batch []*command) {
	defer b.finish(batch)
	ctx, cancel := deadlineOf(batch)
	defer cancel()
	if len(batch) == 1 {
		_ = b.client.Process(ctx, batch[0].cmd) // the command keeps its error
		return
	}
	pipe := b.client.Pipeline()
	for _, c := range batch {
		_ = pipe.Process(ctx, c.cmd) // only queues
	}
	_, _ = pipe.Exec(ctx) // each command keeps its error
}

// finish tells the callers of a batch that it is done, and hands the next batch
// to its leader.
func (b *batcher) finish(batch []*command) {
	for _, c := range batch {
		close(c.done)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.sending--
		return
	}
	n := min(len(b.waiting), maxBatch)
	next := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	next[0].lead <- next
}

// deadlineOf returns the latest deadline of the batch. A caller that has less
// time, or that leaves, must not end what others wait for.
func deadlineOf(batch []*command) (context.Context, context.CancelFunc) {
	var latest time.Time
	for _, c := range batch {
		if c.deadline.IsZero() {
			return context.Background(), func() {}
		}
		if c.deadline.After(latest) {
			latest = c.deadline
		}
	}
	return context.WithDeadline(context.Background(), latest)
}
