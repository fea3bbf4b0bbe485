package breaker

import (
	"errors"
	"time"
)

// Permit is the right to make one attempt. Exactly the first call of [Permit.Success],
// [Permit.Failure] or [Permit.Release] counts, and only if the breaker
// has not changed its state meanwhile. Its methods may be called concurrently.
type Permit struct {
	breaker *Breaker
	done    func(error)
	epoch   uint64
	since   time.Time
	probe   bool
	settled bool // guarded by breaker.mu
}

// Success says that the upstream did its part.
func (p *Permit) Success() { p.end(nil) }

// Failure says that the upstream did not do its part, and why.
func (p *Permit) Failure(cause error) {
	if cause == nil || errors.Is(cause, errExcluded) {
		cause = errUnspecified
	}
	p.end(cause)
}

// Release gives the permit back: nothing was learned about the upstream.
func (p *Permit) Release() { p.end(errExcluded) }

// Probe reports whether the permit holds one of the few places of a half-open
// breaker, which should then be freed as soon as the upstream has shown itself.
func (p *Permit) Probe() bool { return p.probe }

// Breaker returns the breaker that granted the permit.
func (p *Permit) Breaker() *Breaker { return p.breaker }

func (p *Permit) end(outcome error) {
	b := p.breaker
	b.mu.Lock()
	defer b.unlock()
	b.settle(p, outcome)
}
