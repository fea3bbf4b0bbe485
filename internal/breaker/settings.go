package breaker

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"
)

// Settings say when a breaker trips and how it recovers. A zero field means its
// default.
type Settings struct {
	// TripAfter is how many failures in a row open the breaker. Default: 5.
	TripAfter uint32
	// OpenFor is how long the breaker stays open at first, at least 1ms. Default:
	// 1s.
	OpenFor time.Duration
	// OpenMax is the longest the breaker stays open; not below OpenFor. Default:
	// 30s, or OpenFor where that is longer.
	OpenMax time.Duration
	// HalfOpen is how many probes are admitted, and must all succeed, before the
	// breaker closes. Default: 1.
	HalfOpen uint32
	// ProbeTimeout is how long a probe may hold its place without an outcome.
	// After that another probe may take its place, so that a probe that is
	// never settled cannot keep a breaker half-open for ever. Default: 1m.
	ProbeTimeout time.Duration
}

const shortest = time.Millisecond

// WithDefaults returns the settings with every zero field set to its default.
func (s Settings) WithDefaults() Settings {
	s.TripAfter = cmp.Or(s.TripAfter, 5)
	s.OpenFor = cmp.Or(s.OpenFor, time.Second)
	s.OpenMax = cmp.Or(s.OpenMax, max(30*time.Second, s.OpenFor))
	s.HalfOpen = cmp.Or(s.HalfOpen, 1)
	s.ProbeTimeout = cmp.Or(s.ProbeTimeout, time.Minute)
	return s
}

// Validate returns an error that names the first setting that makes no sense,
// and how to correct it.
func (s Settings) Validate() error {
	s = s.WithDefaults()
	switch {
	case s.OpenFor < shortest:
		return fmt.Errorf("open_for is %v: it must be at least %v", s.OpenFor, shortest)
	case s.OpenMax < s.OpenFor:
		return fmt.Errorf("open_max (%v) is shorter than open_for (%v): make it as long or longer", s.OpenMax, s.OpenFor)
	case s.ProbeTimeout < shortest:
		return fmt.Errorf("probe_timeout is %v: it must be at least %v", s.ProbeTimeout, shortest)
	}
	return nil
}

// openPeriod returns how long the breaker stays open if it has opened that many
// times in a row before: OpenFor, doubled each time, at most OpenMax. A random
// part of up to a fifth is added, so that the nodes of one service do not all
// probe at once.
func (s Settings) openPeriod(before int) time.Duration {
	period := s.OpenFor
	for range before {
		if period >= s.OpenMax/2 {
			period = s.OpenMax
			break
		}
		period *= 2
	}
	return period + rand.N(period/5+1) //nolint:gosec // jitter needs no secrecy
}
