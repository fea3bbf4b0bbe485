package api

import (
	"context"
	"errors"
	"sync/atomic"
)

// errFull says that no further request may wait.
var errFull = errors.New("the queue is full")

// admission bounds how many requests run at once and how many wait for that.
type admission struct {
	slots   chan struct{}
	entered atomic.Int64 // those that run or wait
	limit   int64
}

func newAdmission(concurrent, queued int) *admission {
	return &admission{slots: make(chan struct{}, concurrent), limit: int64(concurrent) + int64(queued)}
}

// enter waits for a slot. It returns errFull at once where nobody else may
// wait, and ctx's error when ctx is done first. After a nil error, leave must
// be called.
func (a *admission) enter(ctx context.Context) error {
	if a.entered.Add(1) > a.limit {
		a.entered.Add(-1)
		return errFull
	}
	return a.slot(ctx)
}

// join waits for a slot as long as it takes. It is for the few workers of jobs,
// which are as many as may wait. After a nil error, leave must be called.
func (a *admission) join(ctx context.Context) error {
	a.entered.Add(1)
	return a.slot(ctx)
}

func (a *admission) slot(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		a.entered.Add(-1)
		return ctx.Err()
	}
}

// leave frees a slot.
func (a *admission) leave() {
	<-a.slots
	a.entered.Add(-1)
}

// running is how many requests hold a slot, waiting how many want one.
func (a *admission) running() int { return len(a.slots) }

func (a *admission) waiting() int { return max(0, int(a.entered.Load())-len(a.slots)) }

// concurrent is how many requests may hold a slot, queued how many may want one
// beside those.
func (a *admission) concurrent() int { return cap(a.slots) }

func (a *admission) queued() int { return int(a.limit) - cap(a.slots) }
