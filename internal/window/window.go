// Package window limits how much a key may use in a window of time, by one of
// three algorithms: [SlidingWindow], [SlidingLog] and [TokenBucket].
//
// A sliding window is cut into 60 buckets of equal width, aligned to the clock.
// A decision at time t counts every bucket that overlaps (t-window, t]; the
// bucket that straddles the start of the window counts whole. Two things
// follow:
//
//   - Never over. Whatever was charged in (t-window, t] lies in a counted
//     bucket, so no window of that length, wherever it starts, ever holds more
//     than the rate.
//   - Hardly under. What is counted spans at most 61 buckets, so a steady
//     sender is held to no less than 60/61 of the rate.
//
// The well-known estimate from two weighted counters does not have the first
// property: it assumes evenly spread requests, so an adversary can get twice
// the rate.
//
// A decision covers several charges and is atomic: if one limit refuses,
// nothing is charged to any. A request whose cost is known only afterwards
// reserves the most that it may cost, and settles the charge later; so requests
// that run at the same time cannot overshoot.
//
// There are three stores: [Memory] for one process, [Redis] shared by many, and
// [Failover], which uses the second and falls back to the first.
package window

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// MinWindow is the shortest window.
	MinWindow = time.Second
	// MaxWindow is the longest window.
	MaxWindow = 366 * 24 * time.Hour
	// MaxRate is the highest rate: the largest integer that a header field can
	// tell (RFC 9651, section 3.3.1). Lua's numbers are exact well beyond it.
	MaxRate = 999_999_999_999_999
	// MaxCharges is how many charges one decision may hold.
	MaxCharges = 32
)

var (
	// ErrInvalid says that a limit or a charge makes no sense. It is the caller's
	// mistake.
	ErrInvalid = errors.New("invalid charge")
	// ErrUnavailable says that a limit with [Deny] could not be decided.
	ErrUnavailable = errors.New("limit store unavailable")
)

// Limit is a named rule: Rate units in any Window.
type Limit struct {
	// Name tells limits apart. Limits of the same name, window and algorithm
	// share their keys' usage.
	Name string
	// Rate is how many units any window may hold, from 1 to [MaxRate]. A
	// [SlidingLog] takes [MaxLogRate] at most, and a [TokenBucket] one unit a
	// microsecond of its window: that is how many units come back in it.
	Rate int64
	// Window is the length of the window, from [MinWindow] to [MaxWindow].
	Window time.Duration
	// Algorithm is how the limit counts.
	Algorithm Algorithm
	// Burst is how many units a [TokenBucket] grants at once; zero means as many
	// as Rate. At Rate, they must come back within [MaxWindow]. Other algorithms
	// have none.
	Burst int64
	// MaxKeys is how many keys' usage a [Memory] keeps for the limit; zero means
	// [DefaultMaxKeys], and less than [MinMaxKeys] is raised to it.
	MaxKeys int
	// OnError says what the limit does while the shared store is gone.
	OnError OnError
	// Lease is for how long [Leases] charge units in advance, from [MinLease] to
	// [MaxLease], but for half of the window at most. Zero is for a limit whose
	// every charge is made when it is asked for. Only a [SlidingWindow] has one.
	Lease time.Duration
	// Shadow makes the limit count as any other, but never refuse a decision. A
	// charge that does not fit is then not made.
	Shadow bool
	// forced makes a charge that does not fit all the same: the request was
	// granted elsewhere.
	forced bool
	// added is by how much Window was made longer for leases.
	added time.Duration
}

// Validate returns an error that wraps [ErrInvalid] and names what is wrong.
func (l Limit) Validate() error {
	switch {
	case l.Name == "":
		return fmt.Errorf("%w: a limit needs a name", ErrInvalid)
	case l.Rate < 1 || l.Rate > MaxRate:
		return fmt.Errorf("%w: limit %q: rate %d must be from 1 to %d", ErrInvalid, l.Name, l.Rate, int64(MaxRate))
	case l.Window < MinWindow || l.Window > MaxWindow:
		return fmt.Errorf("%w: limit %q: window %v must be from %v to %v", ErrInvalid, l.Name, l.Window, MinWindow, MaxWindow)
	case l.Lease != 0 && (l.Lease < MinLease || l.Lease > MaxLease):
		return fmt.Errorf("%w: limit %q: lease %v must be from %v to %v", ErrInvalid, l.Name, l.Lease, MinLease, MaxLease)
	case l.Lease != 0 && l.Algorithm != SlidingWindow:
		return fmt.Errorf("%w: limit %q: a lease is for sliding windows", ErrInvalid, l.Name)
	case l.MaxKeys < 0:
		return fmt.Errorf("%w: limit %q: %d keys are no bound", ErrInvalid, l.Name, l.MaxKeys)
	case l.Algorithm < SlidingWindow || l.Algorithm > TokenBucket:
		return fmt.Errorf("%w: limit %q: unknown algorithm %d", ErrInvalid, l.Name, l.Algorithm)
	case l.Algorithm == SlidingLog && l.Rate > MaxLogRate:
		return fmt.Errorf("%w: limit %q: rate %d: a log takes at most %d", ErrInvalid, l.Name, l.Rate, MaxLogRate)
	case l.Algorithm == TokenBucket:
		return l.validateBucket()
	case l.Burst != 0:
		return fmt.Errorf("%w: limit %q: a burst is for token buckets", ErrInvalid, l.Name)
	}
	return nil
}

func (l Limit) validateBucket() error {
	switch {
	case l.Rate > l.Window.Microseconds():
		return fmt.Errorf("%w: limit %q: rate %d in %v: a token bucket takes at most one a microsecond", ErrInvalid, l.Name, l.Rate, l.Window)
	case l.Burst < 0 || l.Burst > MaxRate || filling(&l, l.Capacity()) > MaxWindow+time.Microsecond:
		return fmt.Errorf("%w: limit %q: burst %d must be from 1 to what comes back within %v", ErrInvalid, l.Name, l.Burst, MaxWindow)
	}
	return nil
}

// OnError is what a limit does while the shared store is gone.
type OnError int

const (
	// Local decides in this process, with this node's share of the rate.
	Local OnError = iota
	// Deny refuses to decide: [Failover.Decide] returns [ErrUnavailable].
	Deny
	// Allow grants without counting.
	Allow
)

// Charge is a cost charged to the window of one key.
type Charge struct {
	Limit Limit
	// Key is whose window it is. Stores keep only its hash.
	Key string
	// Cost is how many units the request uses. A cost of zero is always
	// granted and asks for the state; one above [Limit.Capacity] is always
	// refused.
	Cost int64
}

// Verdict is the answer to all charges of one decision.
type Verdict struct {
	// Allowed says that every charge was made, except those of shadows that did
	// not fit. Otherwise none was made.
	Allowed bool
	// States has the state of each charge's window after the decision, in order.
	States []State
}

// State is one window after a decision.
type State struct {
	Limit Limit
	// Remaining is how many units the window still has, never negative.
	Remaining int64
	// Reset is how long until some of what was used comes back: the oldest use
	// leaves the window, or a token bucket gets its next unit. It is zero if
	// nothing is used.
	Reset time.Duration
	// RetryAfter is how long until the refused cost would fit if nothing else
	// were charged; zero unless Refused, and zero if Never.
	RetryAfter time.Duration
	// Never says that the refused cost is above the capacity, so that it cannot
	// fit.
	Never bool
	// Refused says that this limit had no room for its charge.
	Refused bool
	// Degraded says that the shared store was gone and the limit's OnError
	// decided. With [Local] the rate and burst of Limit are then this node's
	// share.
	Degraded bool
	// Lifted says that the limit was not applied, because the shared store was
	// gone and its OnError lets everything pass. The figures of the state then
	// mean nothing.
	Lifted bool
	// At is when the charge was made, on the store's clock; the zero time if it
	// was not made.
	At time.Time
	// mirrored is when the local store of a [Failover] recorded it.
	mirrored time.Time
}

// Settlement corrects a charge that was made before its cost was known.
type Settlement struct {
	// Charge is the charge as it was decided, and State what came of it.
	Charge Charge
	State  State
	// Cost is how many units the request has used in truth.
	Cost int64
}

// family is what limits have in common that share their keys' usage.
type family struct {
	name      string
	window    time.Duration
	algorithm Algorithm
}

func (l *Limit) family() family { return family{l.Name, l.Window, l.Algorithm} }

// difference is by how many units the charge is to be corrected; zero if it was
// not made.
func (s Settlement) difference() int64 {
	if s.State.At.IsZero() {
		return 0
	}
	return s.cost() - s.Charge.Cost
}

func (s Settlement) cost() int64 { return min(s.Cost, MaxRate) }

// Store decides charges. It is safe for concurrent use.
type Store interface {
	// Decide makes all charges in one atomic step, or none of them. An error
	// wraps [ErrInvalid] if the charges make no sense; any other error means
	// that the decision could not be made.
	Decide(ctx context.Context, charges []Charge) (Verdict, error)
	// Settle corrects charges of one decision to their true cost, as if they had
	// been made with it: in the part of the window to which they belong. One
	// that has left its window is passed over, and so is one that was not made.
	// A cost above the charge is charged even beyond the rate. A token bucket
	// gets back no more of a charge than has not come back by itself, and is
	// charged more when that is known.
	//
	// The caller settles a charge once. A settlement is never tried again; after
	// an error, the charge is either corrected or stays as it was made.
	Settle(ctx context.Context, settlements []Settlement) error
	// Forget forgets what the charge's window holds. What the charge costs does
	// not matter. It returns an error if a shared store could not be told.
	Forget(ctx context.Context, c Charge) error
	// Close releases what the store holds. The store must not be used
	// afterwards.
	Close() error
}

// validateSettlements returns an error that wraps [ErrInvalid] and names what
// is wrong.
func validateSettlements(settlements []Settlement) error {
	charges := make([]Charge, len(settlements))
	for i, s := range settlements {
		if charges[i] = s.Charge; s.Cost < 0 {
			return fmt.Errorf("%w: limit %q: cost %d is negative", ErrInvalid, s.Charge.Limit.Name, s.Cost)
		}
	}
	return validate(charges)
}

func validate(charges []Charge) error {
	if len(charges) > MaxCharges {
		return fmt.Errorf("%w: %d charges in one decision, at most %d", ErrInvalid, len(charges), MaxCharges)
	}
	for i, c := range charges {
		if err := c.Limit.Validate(); err != nil {
			return err
		}
		if c.Cost < 0 {
			return fmt.Errorf("%w: limit %q: cost %d is negative", ErrInvalid, c.Limit.Name, c.Cost)
		}
		// Each charge is checked against the window as it was before the
		// decision, so two on one window would together overrun it.
		for _, other := range charges[:i] {
			if sameWindow(c, other) {
				return fmt.Errorf("%w: limit %q is charged twice for one key", ErrInvalid, c.Limit.Name)
			}
		}
	}
	return nil
}

func sameWindow(a, b Charge) bool {
	return a.Key == b.Key && a.Limit.family() == b.Limit.family()
}
