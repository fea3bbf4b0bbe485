package healthcheck

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// entry is one name in the registry: the checks of that name and the last
// result of the one in force.
type entry struct {
	name string

	mu     sync.Mutex
	checks []*Check // the last one is in force
	state  State
	last   Status // of the last run; OK before the first
	run    *run   // the run whose check has not returned yet, if any
}

// run is one run of a check.
type run struct {
	check   *Check
	started time.Time
	// settled is closed once the run has a result or is given up.
	settled chan struct{}
}

func newEntry(name string) *entry {
	return &entry{name: name, state: State{
		Name:   name,
		Result: Result{Status: Unknown, Detail: "not checked yet"},
	}}
}

func (e *entry) push(check *Check) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.checks = append(e.checks, check)
	e.replaced()
}

// drop takes one check out and returns how many are left.
func (e *entry) drop(check *Check) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.checks, check)
	if i < 0 {
		return len(e.checks)
	}
	wasInForce := check == e.inForce()
	e.checks = slices.Delete(e.checks, i, i+1)
	if wasInForce {
		e.replaced()
	}
	return len(e.checks)
}

// replaced makes the next report run the check that is now in force, even if a
// run of the previous one hangs.
func (e *entry) replaced() {
	e.run = nil
	e.state.CheckedAt = time.Time{}
	if len(e.checks) > 0 {
		e.state.Critical = e.inForce().Critical
	}
}

func (e *entry) inForce() *Check { return e.checks[len(e.checks)-1] }

// refresh returns the state, after a run if the last result is too old. If ctx
// ends first, it returns the last result for a little longer.
func (e *entry) refresh(ctx context.Context) State {
	if run := e.currentRun(); run != nil {
		select {
		case <-run.settled:
		case <-ctx.Done():
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	state := e.state
	state.History = slices.Clone(state.History)
	if len(e.checks) > 0 && !state.CheckedAt.IsZero() && time.Since(state.CheckedAt) > e.inForce().Interval+maxAge {
		state.Result = Result{Status: Unknown, Detail: "not checked since " + state.CheckedAt.UTC().Format(time.RFC3339)}
	}
	return state
}

// currentRun returns the run to wait for, and starts one if needed. It returns
// nil if the state is recent enough.
func (e *entry) currentRun() *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.run != nil || len(e.checks) == 0 {
		return e.run
	}
	check := e.inForce()
	if !e.state.CheckedAt.IsZero() && time.Since(e.state.CheckedAt) < check.Interval {
		return nil
	}
	e.run = &run{check: check, started: time.Now(), settled: make(chan struct{})}
	go e.supervise(e.run)
	return e.run
}

// supervise runs the check and settles the run, at the timeout at the latest.
// The run has a context of its own: a client that asked and left must not make
// the check fail for the next client.
func (e *entry) supervise(r *run) {
	ctx, cancel := context.WithTimeout(context.Background(), r.check.Timeout)
	defer cancel()
	answer := make(chan Result, 1)
	go func() { answer <- r.check.call(ctx) }()
	select {
	case result := <-answer:
		e.settle(ctx, r, result, false)
	case <-ctx.Done():
		e.settle(ctx, r, Result{}, true)
		<-answer // Until the hung run returns, no other is started beside it.
		e.mu.Lock()
		defer e.mu.Unlock()
		e.end(r)
	}
}

// settle records a run's result, unless the check was replaced meanwhile. At
// the timeout every result reads the same, whether or not the check noticed it.
// A run that does not hang ends in the same step: otherwise the next report
// could still find it, and take its result even if that is too old.
func (e *entry) settle(ctx context.Context, r *run, result Result, hung bool) {
	if ctx.Err() != nil {
		result = Result{Status: Failed, Detail: fmt.Sprintf("no answer within %s", r.check.Timeout)}
	}
	now := time.Now()
	result.Took = now.Sub(r.started)

	e.mu.Lock()
	defer e.mu.Unlock()
	defer close(r.settled)
	if e.run != r {
		return
	}
	e.note(now, result)
	e.state.Result, e.state.CheckedAt = result, now
	if !hung {
		e.end(r)
	}
}

// end lets the next report start a run. The caller holds the lock.
func (e *entry) end(r *run) {
	if e.run == r {
		e.run = nil
	}
}

// note adds the change of the status to the history, if it is one.
func (e *entry) note(now time.Time, result Result) {
	if e.last == result.Status {
		return
	}
	if len(e.state.History) == MaxHistory {
		e.state.History = slices.Delete(e.state.History, 0, 1)
	}
	e.state.History = append(e.state.History, Transition{At: now, From: e.last, To: result.Status, Detail: result.Detail})
	e.last = result.Status
}

// call runs the check and turns a panic into a failure: one broken check
// must not take the process down.
func (c *Check) call(ctx context.Context) (result Result) {
	defer func() {
		if cause := recover(); cause != nil {
			result = Result{Status: Failed, Detail: fmt.Sprintf("the check panicked: %v", cause)}
		}
	}()
	return c.Run(ctx)
}
