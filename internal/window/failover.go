package window

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// DefaultDeadline is how long a decision waits for the shared store.
	DefaultDeadline = 50 * time.Millisecond
	// DefaultOpenFor is about how long the shared store is left alone after it
	// failed.
	DefaultOpenFor = time.Second

	// tripAfter is how many failures in a row stop the asking.
	tripAfter = 5
)

// Failover decides in a shared store and, while that is slow or gone, does
// what each limit's [OnError] says. A breaker stops asking after five failures
// in a row and lets one decision try again about once a second, so a paused
// store costs little more than a dead one.
//
// What the shared store grants is also recorded in the local one. So a node
// that loses the shared store goes on from its own usage instead of handing
// out a fresh quota, and is held to its share: the rate ÷ nodes.
type Failover struct {
	shared   Store
	local    *Memory
	nodes    int64
	deadline time.Duration
	onError  func(error)
	breaker  *gobreaker.CircuitBreaker[Verdict]
	// lastFailure is why the shared store failed last.
	lastFailure atomic.Pointer[error]
}

// FailoverOptions configure a [Failover]. The zero value is right for one node.
type FailoverOptions struct {
	// Nodes is how many processes share the store, and divide the rate while it is
	// gone; zero means 1.
	Nodes int
	// Deadline is how long a decision waits for the shared store; zero means
	// [DefaultDeadline].
	Deadline time.Duration
	// OpenFor is how long the breaker stays open, give or take a quarter, so
	// that nodes do not come back in step; zero means [DefaultOpenFor].
	OpenFor time.Duration
	// OnError is called for each failure of the shared store, but not for
	// decisions that the open breaker kept from it. It must not block.
	OnError func(error)
	// OnStateChange is called when the breaker opens, tries again and closes.
	// It must neither block nor call the store.
	OnStateChange func(from, to string)
}

// NewFailover returns a store that owns both given ones and closes them.
func NewFailover(shared Store, local *Memory, options FailoverOptions) *Failover {
	openFor := orDefault(options.OpenFor, DefaultOpenFor)
	f := &Failover{
		shared:   shared,
		local:    local,
		nodes:    int64(max(1, options.Nodes)),
		deadline: orDefault(options.Deadline, DefaultDeadline),
		onError:  options.OnError,
	}
	settings := gobreaker.Settings{
		Name:        "limits",
		Timeout:     openFor*3/4 + rand.N(openFor/2+1), //nolint:gosec // jitter needs no secrecy
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsExcluded:  notTheStoresFault,
	}
	if tell := options.OnStateChange; tell != nil {
		settings.OnStateChange = func(_ string, from, to gobreaker.State) { tell(from.String(), to.String()) }
	}
	f.breaker = gobreaker.NewCircuitBreaker[Verdict](settings)
	return f
}

// Decide implements [Store]. When the shared store fails, charges with [Local]
// are decided together in this process, those with [Allow] are granted, and
// one with [Deny] makes the whole decision fail with [ErrUnavailable].
func (f *Failover) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	verdict, err := f.breaker.Execute(func() (Verdict, error) { return f.ask(ctx, charges) })
	switch {
	case err == nil:
		f.remember(charges, verdict)
		return verdict, nil
	case errors.Is(err, ErrInvalid), ctx.Err() != nil:
		return Verdict{}, err
	}
	return f.degrade(ctx, charges, err)
}

// Degraded reports whether the breaker is keeping decisions from the shared
// store. Only decisions show whether the store is gone or back; without them,
// use [Failover.Probe].
func (f *Failover) Degraded() bool { return f.breaker.State() != gobreaker.StateClosed }

// Probe makes a decision in the shared store that charges a window of its own,
// and the breaker counts its outcome like any other. It returns nil if the
// store decided, and otherwise why it did not or why the breaker did not ask
// it. OnError is not called.
//
// A server that answers may still refuse what a decision needs: it may have
// become a replica, it may be full, or the cluster node with the windows may be
// gone.
func (f *Failover) Probe(ctx context.Context) error {
	_, err := f.breaker.Execute(func() (Verdict, error) { return f.try(ctx, probeCharge()) })
	if cause := f.lastFailure.Load(); err != nil && cause != nil && refusedByBreaker(err) {
		return fmt.Errorf("%w: %w", err, *cause)
	}
	return err
}

// probeCharge always fits, so that the store has to write it down.
func probeCharge() []Charge {
	return []Charge{{Limit: Limit{Name: "probe", Rate: MaxRate, Window: MinWindow}, Key: "probe", Cost: 1}}
}

func refusedByBreaker(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// Close implements [Store].
func (f *Failover) Close() error { return errors.Join(f.shared.Close(), f.local.Close()) }

// errCaller marks a failure that came of the caller's own context.
var errCaller = errors.New("caller gave up")

func notTheStoresFault(err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, errCaller)
}

func (f *Failover) ask(ctx context.Context, charges []Charge) (Verdict, error) {
	verdict, err := f.try(ctx, charges)
	if err != nil && !notTheStoresFault(err) && f.onError != nil {
		f.onError(err)
	}
	return verdict, err
}

// try asks the shared store within the deadline, and keeps why it failed.
func (f *Failover) try(ctx context.Context, charges []Charge) (Verdict, error) {
	limited, cancel := context.WithTimeout(ctx, f.deadline)
	defer cancel()
	verdict, err := f.shared.Decide(limited, charges)
	switch {
	case err == nil || errors.Is(err, ErrInvalid):
	case ctx.Err() != nil:
		return Verdict{}, fmt.Errorf("%w: %w", errCaller, err)
	default:
		f.lastFailure.Store(&err)
	}
	return verdict, err
}

// remember records in the local store what the shared one charged.
func (f *Failover) remember(charges []Charge, verdict Verdict) {
	if !verdict.Allowed {
		return
	}
	// Only a shadow can be refused here.
	made := charges
	if slices.ContainsFunc(verdict.States, func(s State) bool { return s.Refused }) {
		made = nil
		for i, c := range charges {
			if !verdict.States[i].Refused {
				made = append(made, c)
			}
		}
	}
	f.local.Record(made)
}

func (f *Failover) degrade(ctx context.Context, charges []Charge, cause error) (Verdict, error) {
	var local []Charge
	for _, c := range charges {
		switch {
		case c.Limit.OnError == Deny && !c.Limit.Shadow:
			return Verdict{}, fmt.Errorf("%w: limit %q: %w", ErrUnavailable, c.Limit.Name, cause)
		case c.Limit.OnError == Local:
			local = append(local, f.share(c))
		}
	}
	decided, err := f.local.Decide(ctx, local)
	if err != nil {
		return Verdict{}, err
	}
	return merge(charges, decided), nil
}

// share is the charge against this node's part of the rate.
func (f *Failover) share(c Charge) Charge {
	c.Limit.Rate = max(1, c.Limit.Rate/f.nodes)
	return c
}

// unknownReturn is the wait for a cost that fits the rate, but not a node's
// share of it: it is unknown when the shared store will be back.
const unknownReturn = time.Minute

// merge puts the local states back between those of the charges that were let
// through.
func merge(charges []Charge, local Verdict) Verdict {
	verdict := Verdict{Allowed: local.Allowed, States: make([]State, len(charges))}
	next := 0
	for i, c := range charges {
		state := State{Limit: c.Limit, Lifted: true}
		if c.Limit.OnError == Local {
			state = local.States[next]
			next++
		}
		if state.Never && c.Cost <= c.Limit.Rate {
			state.Never, state.RetryAfter = false, min(c.Limit.Window, unknownReturn)
		}
		state.Degraded = true
		verdict.States[i] = state
	}
	return verdict
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
