package breaker

import (
	"errors"
	"time"
)

// Permit is the right to make one attempt. Only the first call of
// [Permit.Success], [Permit.Failure] or [Permit.Release] counts, and only if
// the breaker has not changed its state since it granted the permit. Its
// methods may be called concurrently.
type Permit struct {
	breaker *Breaker
	done    func(error) // of the machine, for a probe
	epoch   uint64
	since   time.Time
	settled bool // guarded by breaker.mu
}

// Success records that the upstream did its part.
func (p *Permit) Success() { p.end(nil) }

// Failure records that the upstream did not do its part, and why.
func (p *Permit) Failure(cause error) {
	if cause == nil || errors.Is(cause, errExcluded) {
		cause = errUnspecified
	}
	p.end(cause)
}

// Release returns the permit unused: nothing was learnt about the upstream.
func (p *Permit) Release() { p.end(errExcluded) }

// Probe reports whether the permit holds one of the few places of a half-open
// breaker. Such a permit should be settled as soon as the upstream has
// answered.
func (p *Permit) Probe() bool { return p.done != nil }

// Breaker returns the breaker that granted the permit.
func (p *Permit) Breaker() *Breaker { return p.breaker }

func (p *Permit) end(outcome error) {
	b := p.breaker
	b.mu.Lock()
	defer b.unlock()
	b.settle(p, outcome)
}
