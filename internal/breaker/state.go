package breaker

import "time"

// State is what a breaker does with the next attempt.
type State int

// The states of a breaker. The metric gate_breaker_state shows their numbers.
const (
	// Closed admits every attempt.
	Closed State = iota
	// HalfOpen admits a few attempts, the probes, to find out whether the
	// upstream is back.
	HalfOpen
	// Open refuses every attempt until its period is over.
	Open
)

// String returns "closed", "half-open" or "open".
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	default:
		return "open"
	}
}

// MarshalText writes the state as [State.String] does.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Change is one transition of one breaker.
type Change struct {
	// Breaker is the breaker's ID.
	Breaker string
	// From and To are the states before and after; they differ.
	From, To State
	// Cause is the failure that opened the breaker, nil otherwise.
	Cause error
}

// Snapshot is a breaker at one moment, for health checks, metrics and
// operators.
type Snapshot struct {
	// ID names the breaker: its upstream, after the group's name and a slash if
	// the group has a name.
	ID string `json:"id"`
	// State is the state; an open breaker stays open until an attempt asks to
	// probe.
	State State `json:"state"`
	// Failures is the number of failures in a row since the last success, while
	// closed.
	Failures uint32 `json:"failures"`
	// Openings is how often the breaker has opened since it was last closed.
	Openings int `json:"openings"`
	// ProbeAt is when an open breaker admits its next probe; zero otherwise.
	ProbeAt time.Time `json:"probe_at,omitzero"`
	// LastFailure describes the failure seen last; empty if there was none.
	// It may name addresses: show it to operators only.
	LastFailure string `json:"last_failure,omitempty"`
}
