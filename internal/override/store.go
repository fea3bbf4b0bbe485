package override

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/odordiff/odordiff/internal/topkeys"
	"github.com/odordiff/odordiff/internal/window"
)

// Store applies overrides to each decision before the store that it wraps makes
// it.
type Store struct {
	window.Store

	overrides *Overrides
	refusals  refusals
}

// NewStore returns a store that owns both and closes them.
func NewStore(store window.Store, overrides *Overrides) *Store {
	return &Store{Store: store, overrides: overrides}
}

// Overrides returns those that the store applies.
func (s *Store) Overrides() *Overrides { return s.overrides }

// Decide implements [window.Store]. The states have the rates in force. A key
// that is blocked has a state with a rate of 0, which tells when the override
// ends.
func (s *Store) Decide(ctx context.Context, charges []window.Charge) (window.Verdict, error) {
	verdict, err := s.decide(ctx, charges)
	if err == nil {
		s.note(charges, verdict)
	}
	return verdict, err
}

// Peek returns the state of a charge's window as the key's next request finds
// it, but for a key that is blocked, and how many units are used. It charges
// nothing.
func (s *Store) Peek(ctx context.Context, c window.Charge) (state window.State, used int64, err error) {
	c.Cost = 0
	target := Target{Limit: c.Limit.Name, Window: c.Limit.Window, Key: window.IDOf(c)}
	if found, ok := s.overrides.For(target); ok && found.Rate > 0 {
		c.Limit = found.Changed(c.Limit)
	}
	verdict, err := s.Store.Decide(ctx, []window.Charge{c})
	if err != nil {
		return state, 0, err
	}
	state = verdict.States[0]
	// What is used beyond the rate shows only under a higher one.
	higher := c.Limit
	if higher.Rate = window.MaxRate; higher.Validate() != nil {
		return state, state.Limit.Capacity() - state.Remaining, nil
	}
	c.Limit = higher
	if verdict, err = s.Store.Decide(ctx, []window.Charge{c}); err != nil {
		return state, 0, err
	}
	return state, verdict.States[0].Limit.Rate - verdict.States[0].Remaining, nil
}

// Close implements [window.Store].
func (s *Store) Close() error {
	_ = s.overrides.Close() // never fails
	return s.Store.Close()
}

func (s *Store) decide(ctx context.Context, charges []window.Charge) (window.Verdict, error) {
	rules := s.overrides.rules.Load()
	if rules == nil {
		return s.Store.Decide(ctx, charges)
	}
	now := s.overrides.clock()
	changed := change{charges: charges}
	for i, c := range charges {
		found, over := rules.of(c, now)
		if over {
			s.overrides.update(func(map[Target]Override) {}) // drops it
		}
		if found.Limit != "" {
			changed.apply(i, found)
		}
	}
	if !changed.refuse {
		return changed.decide(ctx, s.Store, now)
	}
	for i := range changed.charges {
		changed.charges[i].Cost = 0 // only ask
	}
	verdict, err := changed.decide(ctx, s.Store, now)
	verdict.Allowed = false
	return verdict, err
}

// change is what overrides make of a decision.
type change struct {
	// charges are those of the caller until the first override, then a copy.
	charges []window.Charge
	copied  bool
	// blocked are the charges that an override refuses, and refuse says that one
	// of them refuses the whole decision.
	blocked []blocked
	refuse  bool
}

type blocked struct {
	charge int
	until  time.Time
	limit  window.Limit
}

// apply applies an override to charge i.
func (d *change) apply(i int, o Override) {
	if !d.copied {
		d.charges, d.copied = slices.Clone(d.charges), true
	}
	c := &d.charges[i]
	switch {
	case o.Unlimited, o.Rate > 0:
		c.Limit = o.Changed(c.Limit)
	default:
		d.blocked = append(d.blocked, blocked{i, o.Until, c.Limit})
		d.refuse = d.refuse || !c.Limit.Shadow
		c.Cost = 0
	}
}

// decide asks the store, and says what is blocked.
func (d *change) decide(ctx context.Context, store window.Store, now time.Time) (window.Verdict, error) {
	verdict, err := store.Decide(ctx, d.charges)
	if err != nil {
		return verdict, err
	}
	for _, b := range d.blocked {
		b.limit.Rate = 0
		left := b.until.Sub(now)
		verdict.States[b.charge] = window.State{Limit: b.limit, Refused: true, Reset: left, RetryAfter: left}
	}
	return verdict, nil
}

// span is how long refusals are told at least.
const span = 10 * time.Minute

// refusals are the keys that were refused lately, by the limits that refused
// them.
type refusals struct {
	mu      sync.RWMutex
	byLimit map[Target]*topkeys.Recent[window.ID]
}

// note counts the charges that were refused, also those of shadows.
func (s *Store) note(charges []window.Charge, verdict window.Verdict) {
	for i, state := range verdict.States {
		if state.Refused {
			c := charges[i]
			s.refusals.of(Target{Limit: c.Limit.Name, Window: c.Limit.Window}).Add(window.IDOf(c), s.overrides.clock())
		}
	}
}

// of returns the count of a limit, and makes it if there is none.
func (r *refusals) of(limit Target) *topkeys.Recent[window.ID] {
	r.mu.RLock()
	recent := r.byLimit[limit]
	r.mu.RUnlock()
	if recent != nil {
		return recent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byLimit == nil {
		r.byLimit = make(map[Target]*topkeys.Recent[window.ID])
	}
	if r.byLimit[limit] == nil {
		r.byLimit[limit] = topkeys.NewRecent[window.ID](span)
	}
	return r.byLimit[limit]
}

// Refused returns the keys that a limit has refused most often lately, n at
// most, and since when they are counted. It knows only what this store has
// decided.
func (s *Store) Refused(limit Target, n int) (top []topkeys.Entry[window.ID], since time.Time) {
	s.refusals.mu.RLock()
	recent := s.refusals.byLimit[limit.whole()]
	s.refusals.mu.RUnlock()
	if recent == nil {
		return nil, time.Time{}
	}
	return recent.Top(n, s.overrides.clock())
}
