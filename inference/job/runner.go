package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Runner works on what a queue hands out.
type Runner struct {
	// Queue hands out.
	Queue Queue
	// Workers is how many items are worked on at once, at least 1.
	Workers int
	// Do works on an item. ctx is done when the item was taken away, or when
	// the runner stops; then the outcome does not matter.
	Do func(ctx context.Context, item Item) Outcome
	// Renew is how often leases are renewed: well below their length.
	Renew time.Duration
	// Logger is told of faults of the queue and of panics.
	Logger *slog.Logger
}

// idle is how long an idle runner waits before it looks again: for retries, for
// leases that ran out, and for jobs that another process took in.
const idle = time.Second

// sweepEvery is the time between two sweeps.
const sweepEvery = time.Minute

// Run works until ctx is done. Then it gives back what is not finished.
func (r *Runner) Run(ctx context.Context) {
	w := &work{Runner: r, free: make(chan struct{}, r.Workers), held: map[int64]*holding{}}
	for range r.Workers {
		w.free <- struct{}{}
	}
	var beside, working sync.WaitGroup
	beside.Go(func() { every(ctx, r.Renew, w.renew) })
	beside.Go(func() { every(ctx, sweepEvery, w.sweep) })
	for w.wait(ctx) {
		asked := len(w.free)
		items, err := r.Queue.Take(ctx, asked)
		w.report("taking items", err)
		w.dry = len(items) < asked
		for _, item := range items {
			<-w.free
			held := w.hold(ctx, item)
			working.Go(func() {
				w.finish(held)
				w.free <- struct{}{}
			})
		}
	}
	working.Wait()
	beside.Wait()
}

// every calls do from time to time until ctx is done.
func every(ctx context.Context, interval time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// work is what a runner has in hand.
type work struct {
	*Runner
	free chan struct{} // a token for each worker without an item
	dry  bool          // the queue had less than was asked for

	mutex sync.Mutex
	held  map[int64]*holding
}

// holding is an item in hand.
type holding struct {
	Item
	ctx  context.Context // done when the item is taken away
	drop context.CancelFunc
	stop context.Context // done when the runner stops
}

// wait waits until it makes sense to ask the queue again. It reports whether
// the runner goes on.
func (w *work) wait(ctx context.Context) bool {
	if w.dry {
		timer := time.NewTimer(idle)
		defer timer.Stop()
		select {
		case <-w.Queue.Wake():
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	select { // for a worker without an item
	case token := <-w.free:
		w.free <- token
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// hold takes an item in hand. An earlier attempt at it is not ours any more.
func (w *work) hold(ctx context.Context, item Item) *holding {
	h := &holding{Item: item, stop: ctx}
	h.ctx, h.drop = context.WithCancel(ctx)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if earlier := w.held[item.number]; earlier != nil {
		earlier.drop()
	}
	w.held[item.number] = h
	go h.heed()
	return h
}

// heed drops an item whose job is cancelled while it is in hand.
func (h *holding) heed() {
	select {
	case <-h.gone:
		h.drop()
	case <-h.ctx.Done():
	}
}

func (w *work) letGo(h *holding) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.held[h.number] == h {
		delete(w.held, h.number)
	}
	h.drop()
}

// finish works on an item and tells the queue how that ended.
func (w *work) finish(h *holding) {
	defer w.letGo(h)
	outcome := w.protected(h)
	for {
		err := w.settle(h, outcome)
		if err == nil || errors.Is(err, ErrLost) {
			return
		}
		w.report("finishing an item", err)
		if h.stop.Err() != nil {
			return // its lease runs out, and another attempt follows
		}
		select { // the store may be full: the outcome is worth waiting for
		case <-time.After(idle):
		case <-h.ctx.Done():
		}
	}
}

// settleTimeout is how long a runner that stops still waits for the queue.
const settleTimeout = 5 * time.Second

func (w *work) settle(h *holding, outcome Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), settleTimeout)
	defer cancel()
	switch {
	case h.stop.Err() != nil && outcome.Failed:
		return w.Queue.Release(ctx, h.Item)
	case h.stop.Err() == nil && h.ctx.Err() != nil:
		return ErrLost
	}
	return w.Queue.Finish(ctx, h.Item, outcome)
}

// protected turns a panic into a failed attempt.
func (w *work) protected(h *holding) (outcome Outcome) {
	defer func() {
		if p := recover(); p != nil {
			w.report("working on an item", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			outcome = Outcome{Failed: true, Retry: true}
		}
	}()
	return w.Do(h.ctx, h.Item)
}

// renew prolongs the leases of all items in hand, and drops those that are not
// ours any more.
func (w *work) renew(ctx context.Context) {
	items := w.inHand()
	if len(items) == 0 {
		return
	}
	lost, err := w.Queue.Renew(ctx, items)
	w.report("renewing leases", err)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, item := range lost {
		if h := w.held[item.number]; h != nil && h.Attempt == item.Attempt {
			h.drop()
		}
	}
}

func (w *work) inHand() (items []Item) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, h := range w.held {
		items = append(items, h.Item)
	}
	return items
}

func (w *work) sweep(ctx context.Context) { w.report("sweeping jobs", w.Queue.Sweep(ctx)) }

// report logs what went wrong, if anything did but a stop.
func (w *work) report(doing string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		w.Logger.Error("the queue of jobs failed", slog.String("doing", doing), slog.Any("error", err))
	}
}
