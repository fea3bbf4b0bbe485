package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// maxSending is how many round trips a quick server has under way at once. It
	// works on one command at a time, so more would only make it wait less often.
	maxSending = 4
	// maxBatch bounds the commands of one round trip.
	maxBatch = 128
	// pace is how long commands wait for others to be sent with, if the server
	// is not quick: a far one then has one round trip begun in each.
	pace = time.Millisecond
)

var (
	errClosed = errors.New("the store is closed")
	errNoLane = errors.New("no connection to Redis is ready")
	// errOneLane marks what befell one connection while others were answered.
	errOneLane = errors.New("one connection failed")
)

// batcher sends commands to Redis, on lanes. A single command is sent at once,
// by its caller. Commands that come while others are under way are sent
// together when one of those is answered, but no later than a pace after they
// came; so a far server makes nobody wait for two round trips. Lanes are opened
// in the background, never in a command's time. Nothing runs when there is
// nothing to send.
type batcher struct {
	// open opens a lane.
	open func(context.Context) (*lane, error)
	// wait is how long a command may wait for a lane; zero for as long as its
	// context allows.
	wait time.Duration

	background context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	waiting []*command
	sending int     // round trips under way
	idle    []*lane // the last was used last
	lanes   int     // all that are open
	opening bool
	// least is how many lanes there should be.
	least int
	// answered is when a round trip last ended well.
	answered time.Time
	// generation is of the lanes that may still be used.
	generation int
	timer      *time.Timer // calls tick
	ticking    bool
}

// command is one caller's command.
type command struct {
	cmd oneShot
	// since is when it began to wait.
	since time.Time
	// done is closed when the command was answered or failed; nil if its caller
	// sends it.
	done chan struct{}
}

func (b *batcher) init(open func(context.Context) (*lane, error), wait time.Duration) {
	b.open, b.wait, b.least = open, wait, minLanes
	b.background, b.stop = context.WithCancel(context.Background())
	b.timer = time.AfterFunc(time.Hour, b.tick)
	b.timer.Stop()
}

// process sends the command and returns its error, or the context's when that
// ends while the command waits or another sends it. The command may then be
// carried out all the same.
func (b *batcher) process(ctx context.Context, cmd oneShot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &command{cmd: cmd}
	l, err := b.join(c)
	switch {
	case err != nil:
		return err
	case l != nil:
		b.send(l, []*command{c})
		return cmd.Err()
	}
	select {
	case <-c.done:
		return cmd.Err()
	case <-ctx.Done():
		b.leave(c)
		return ctx.Err()
	}
}

// join returns a lane if the command may be sent at once. Otherwise the command
// waits for one.
func (b *batcher) join(c *command) (*lane, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	if b.sending < maxSending && len(b.waiting) == 0 {
		if l := b.take(); l != nil {
			return l, nil
		}
	}
	c.since, c.done = time.Now(), make(chan struct{})
	b.waiting = append(b.waiting, c)
	if b.lanes == 0 {
		b.grow(b.least)
	}
	b.watch()
	return nil, nil
}

// leave takes a command whose caller no longer waits out of the queue.
func (b *batcher) leave(c *command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, c); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}

// take returns a lane for one more round trip, or nil.
func (b *batcher) take() *lane {
	if len(b.idle) == 0 {
		return nil
	}
	l := b.idle[len(b.idle)-1]
	b.idle = b.idle[:len(b.idle)-1]
	b.sending++
	return l
}

// send sends a batch, tells its callers, and lets others use the lane.
func (b *batcher) send(l *lane, batch []*command) {
	start := time.Now()
	broken := l.send(batch)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sending--
	if broken != nil {
		b.lose(l, batch, start, broken)
	}
	for _, c := range batch {
		if c.done != nil {
			close(c.done)
		}
	}
	if broken != nil {
		return
	}
	b.answered = time.Now()
	b.put(l, b.answered)
	if b.sending < maxSending {
		b.launch()
	}
}

// lose drops a lane that broke. If no other was answered since the batch was
// sent, the server is to blame, and what waits for it fails too.
func (b *batcher) lose(l *lane, batch []*command, start time.Time, err error) {
	b.drop(l)
	switch {
	case isReply(err):
	case b.answered.After(start):
		for _, c := range batch {
			c.cmd.SetErr(fmt.Errorf("%w: %w", errOneLane, c.cmd.Err()))
		}
	default:
		b.fail(err)
	}
}

// put makes a lane idle. It drops one that has had its time, and the one that
// has been idle for longest too.
func (b *batcher) put(l *lane, now time.Time) {
	if len(b.idle) > 0 && now.After(b.idle[0].until) {
		b.drop(b.idle[0])
		b.idle = b.idle[1:]
	}
	if b.closed || l.generation < b.generation || now.After(l.until) {
		b.drop(l)
		return
	}
	b.idle = append(b.idle, l)
}

// drop closes a lane, and sees to it that some remain.
func (b *batcher) drop(l *lane) {
	b.lanes--
	if b.closed {
		_ = l.close() // it is given up
		return
	}
	b.work.Go(func() { _ = l.close() })
	b.grow(b.least)
}

// launch sends what waits, if there is a lane.
func (b *batcher) launch() {
	if len(b.waiting) == 0 {
		return
	}
	l := b.take()
	if l == nil {
		return
	}
	n := min(len(b.waiting), maxBatch)
	batch := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	b.work.Go(func() { b.send(l, batch) })
}

// watch makes sure that tick comes.
func (b *batcher) watch() {
	if !b.ticking {
		b.ticking = true
		b.timer.Reset(pace)
	}
}

// tick sends what has waited for a pace. If there is no lane for it, the server
// is far, and more lanes are of use.
func (b *batcher) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ticking = false
	if len(b.waiting) == 0 {
		return
	}
	if len(b.idle) == 0 {
		b.grow(min(2*b.lanes, maxLanes))
	}
	b.launch()
	for b.wait > 0 && len(b.waiting) > 0 && time.Since(b.waiting[0].since) > b.wait {
		b.waiting[0].fail(errNoLane)
		b.waiting = b.waiting[1:]
	}
	if len(b.waiting) > 0 {
		b.watch()
	}
}

// grow opens lanes in the background until there are so many. Those that were
// lost meanwhile are replaced afterwards, unless one could not be opened.
func (b *batcher) grow(want int) {
	n := want - b.lanes
	if n <= 0 || b.opening || b.closed {
		return
	}
	b.opening = true
	generation := b.generation
	b.work.Go(func() {
		var all errgroup.Group
		for range n {
			all.Go(func() error { return b.add(generation) })
		}
		err := all.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.opening = false
		if err == nil {
			b.grow(b.least)
		}
	})
}

// add opens a lane. If none is open, those who wait learn why it failed.
func (b *batcher) add(generation int) error {
	l, err := b.open(b.background)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		if b.lanes == 0 {
			b.fail(err)
		}
		return err
	}
	l.generation = generation
	b.lanes++
	b.put(l, time.Now())
	b.launch()
	return nil
}

// borrow takes the lane that has been idle for longest, or nil, for a use that
// is no round trip of a command.
func (b *batcher) borrow() *lane {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.idle) == 0 {
		return nil
	}
	l := b.idle[0]
	b.idle = b.idle[1:]
	return l
}

// giveBack ends the use of a lane that was borrowed, and reports whether it may
// still be used.
func (b *batcher) giveBack(l *lane, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.drop(l)
		return false
	}
	b.put(l, time.Now())
	b.launch()
	return true
}

// renew puts a new lane in the place of all that were opened before. A round
// trip on it took so long; the further the server, the more lanes are kept.
func (b *batcher) renew(l *lane, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.least = min(max(minLanes, int(took/pace)), farLanes)
	b.generation++
	l.generation = b.generation
	b.lanes++
	old := b.idle
	b.idle = nil
	b.put(l, time.Now())
	for _, one := range old {
		b.drop(one)
	}
	b.grow(b.least)
}

// fail ends the waiting of all commands.
func (b *batcher) fail(err error) {
	for _, c := range b.waiting {
		c.fail(err)
	}
	b.waiting = nil
}

func (c *command) fail(err error) {
	c.cmd.SetErr(err)
	close(c.done)
}

// close ends all that runs in the background. What waits fails.
func (b *batcher) close() {
	b.stop()
	b.mu.Lock()
	b.closed = true
	b.fail(errClosed)
	b.timer.Stop()
	for _, l := range b.idle {
		b.drop(l)
	}
	b.idle = nil
	b.mu.Unlock()
	b.work.Wait()
}
