// Package breaker decides, for each upstream, whether an attempt may be made.
//
// A [Breaker] adds to sony/gobreaker the four things that a proxy needs: an
// open period that doubles while the upstream is down; permits that are settled
// once and may be returned unused; a half-open state that no unsettled probe
// can block; and callbacks that run without a lock held.
//
// gobreaker keeps the state and the counts. Its open period is fixed, so it is
// set to the shortest possible one. The [Breaker] measures the real period
// itself: until that is over no attempt reaches gobreaker, and the first
// attempt afterwards finds gobreaker ready to become half-open.
package breaker

import (
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// errExcluded settles a gobreaker permit as neither success nor failure.
var errExcluded = errors.New("excluded")

// errUnspecified stands for a failure without a cause.
var errUnspecified = errors.New("failed")

// Breaker guards one upstream. Its methods may be called concurrently.
type Breaker struct {
	id string

	mu       sync.Mutex
	notify   func(Change)
	settings Settings
	halfOpen uint32 // of the machine; settings.HalfOpen may already differ
	machine  *gobreaker.TwoStepCircuitBreaker[struct{}]
	state    State
	// epoch grows with each change of state; a permit of an earlier one no longer
	// counts.
	epoch    uint64
	probeAt  time.Time
	openings int
	probes   map[*Permit]struct{}
	last     error
	lastUsed time.Time
	pending  []Change
}

// New returns a closed breaker. It calls notify, unless that is nil, for each
// change of state, on the goroutine that caused the change and without any lock
// held.
func New(id string, s Settings, notify func(Change)) *Breaker {
	b := &Breaker{
		id: id, notify: notify, settings: s.WithDefaults(),
		probes: make(map[*Permit]struct{}), lastUsed: time.Now(),
	}
	b.build()
	return b
}

// Ready reports whether [Breaker.Allow] would grant a permit now. It changes
// nothing, so a caller may ask about every upstream before it chooses one.
func (b *Breaker) Ready() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	switch b.state {
	case Closed:
		return true
	case HalfOpen:
		return b.freeProbes() > 0 || b.overdue(now) != nil
	default:
		return !now.Before(b.probeAt)
	}
}

// Allow asks for one attempt. It returns nil if the attempt must not be made.
// A permit must be settled by exactly one of its methods; later calls do
// nothing.
func (b *Breaker) Allow() *Permit {
	b.mu.Lock()
	defer b.unlock()
	now := time.Now()
	b.lastUsed = now
	if b.state == Open && now.Before(b.probeAt) {
		return nil
	}
	b.adopt()
	if b.state == Closed {
		return &Permit{breaker: b, epoch: b.epoch, since: now}
	}
	b.forgetOverdue(now)
	done, err := b.machine.Allow()
	if err != nil {
		return nil
	}
	p := &Permit{breaker: b, done: done, epoch: b.epoch, since: now}
	b.probes[p] = struct{}{}
	return p
}

// Fail counts a failure that appears after its permit was settled, such as a
// stream that breaks off. It is ignored unless an attempt could be made now.
func (b *Breaker) Fail(cause error) {
	if p := b.Allow(); p != nil {
		p.Failure(cause)
	}
}

// Configure replaces the settings and keeps the state. A changed HalfOpen
// resets the count of failures, so it takes effect once the breaker is closed.
func (b *Breaker) Configure(s Settings) {
	s = s.WithDefaults()
	b.mu.Lock()
	defer b.unlock()
	b.settings = s
	b.adopt()
}

// adopt applies a changed HalfOpen if the breaker is closed. b.mu is held.
func (b *Breaker) adopt() {
	if b.settings.HalfOpen != b.halfOpen && b.state == Closed {
		b.build()
	}
}

// Snapshot returns the current state of the breaker.
func (b *Breaker) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{ID: b.id, State: b.state, Openings: b.openings}
	if b.last != nil {
		s.LastFailure = b.last.Error()
	}
	switch b.state {
	case Closed:
		s.Failures = b.machine.Counts().ConsecutiveFailures
	case Open:
		s.ProbeAt = b.probeAt
	case HalfOpen:
	}
	return s
}

// build makes a new machine, which starts closed. b.mu is held.
func (b *Breaker) build() {
	b.epoch++
	clear(b.probes)
	b.halfOpen = b.settings.HalfOpen
	b.machine = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: b.halfOpen,
		Timeout:     time.Nanosecond,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= b.settings.TripAfter
		},
		IsExcluded:    func(err error) bool { return errors.Is(err, errExcluded) },
		OnStateChange: func(_ string, _, to gobreaker.State) { b.enter(to) },
	})
}

// enter follows the machine into a state. b.mu is held.
func (b *Breaker) enter(to gobreaker.State) {
	b.epoch++
	clear(b.probes)
	switch to {
	case gobreaker.StateOpen:
		b.probeAt = time.Now().Add(b.settings.openPeriod(b.openings))
		b.openings++
		b.become(Open, b.last)
	case gobreaker.StateHalfOpen:
		b.become(HalfOpen, nil)
	case gobreaker.StateClosed:
		b.openings = 0
		b.become(Closed, nil)
	}
}

func (b *Breaker) become(state State, cause error) {
	b.pending = append(b.pending, Change{Breaker: b.id, From: b.state, To: state, Cause: cause})
	b.state = state
}

// freeProbes returns how many probes may still start. b.mu is held.
func (b *Breaker) freeProbes() int {
	counts := b.machine.Counts()
	return int(b.halfOpen) - int(counts.Requests-counts.TotalExclusions)
}

// overdue returns a probe that has held its place for too long, or nil. b.mu is
// held.
func (b *Breaker) overdue(now time.Time) *Permit {
	for p := range b.probes {
		if now.Sub(p.since) >= b.settings.ProbeTimeout {
			return p
		}
	}
	return nil
}

// forgetOverdue frees the places of probes that have not been settled in time.
// b.mu is held.
func (b *Breaker) forgetOverdue(now time.Time) {
	for p := b.overdue(now); p != nil; p = b.overdue(now) {
		b.settle(p, errExcluded)
	}
}

// settle tells the machine a permit's outcome, once, unless the state has
// changed since it was granted. b.mu is held.
func (b *Breaker) settle(p *Permit, outcome error) {
	if p.settled {
		return
	}
	p.settled = true
	delete(b.probes, p)
	if p.epoch != b.epoch {
		return
	}
	if outcome != nil && !errors.Is(outcome, errExcluded) {
		b.last = outcome
	}
	if p.Probe() {
		p.done(outcome)
		return
	}
	b.count(outcome)
}

// count tells the machine, which is closed, the outcome of an attempt. That of
// most changes nothing. b.mu is held.
func (b *Breaker) count(outcome error) {
	if errors.Is(outcome, errExcluded) || outcome == nil && b.machine.Counts().ConsecutiveFailures == 0 {
		return
	}
	if done, err := b.machine.Allow(); err == nil {
		done(outcome)
	}
}

// unlock releases the lock and only then reports what changed.
func (b *Breaker) unlock() {
	changes, notify := b.pending, b.notify
	b.pending = nil
	b.mu.Unlock()
	if notify == nil {
		return
	}
	for _, change := range changes {
		notify(change)
	}
}
