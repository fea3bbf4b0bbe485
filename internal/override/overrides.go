package override

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// Overrides are those in force. They are safe for concurrent use.
type Overrides struct {
	clock func() time.Time
	// rules are nil while there are none, so that decisions cost nothing then.
	rules atomic.Pointer[rules]
	// changing is held while rules are replaced.
	changing sync.Mutex
	shared   *shared // nil where they are kept in this process alone
}

// rules are a state of the overrides. They do not change.
type rules struct {
	all map[Target]Override
	// keyed are the limits of which single keys have one.
	keyed map[Target]bool
}

// New returns overrides that are kept in this process alone. The clock tells
// the time; nil means [time.Now].
func New(clock func() time.Time) *Overrides {
	if clock == nil {
		clock = time.Now
	}
	return &Overrides{clock: clock}
}

// Set puts an override in force from now on, in the place of what the target
// had before. It returns that one, and reports whether there was any. The error
// wraps [ErrInvalid], is [ErrTooMany], or says that the shared store could not
// be told.
func (o *Overrides) Set(ctx context.Context, change Override) (before Override, had bool, err error) {
	now := o.clock()
	change.Since = now
	if err := change.Validate(now); err != nil {
		return Override{}, false, err
	}
	if err := o.refresh(ctx); err != nil {
		return Override{}, false, err
	}
	before, had = o.At(change.Target)
	if !had && len(o.All()) >= MaxOverrides {
		return Override{}, false, ErrTooMany
	}
	if o.shared != nil {
		return before, had, o.shared.set(ctx, change)
	}
	o.update(func(all map[Target]Override) { all[change.Target] = change })
	return before, had, nil
}

// Remove ends the override of a target now. It returns it, and reports whether
// there was any.
func (o *Overrides) Remove(ctx context.Context, target Target) (before Override, had bool, err error) {
	if err := o.refresh(ctx); err != nil {
		return Override{}, false, err
	}
	before, had = o.At(target)
	if o.shared != nil {
		return before, had, o.shared.remove(ctx, target)
	}
	o.update(func(all map[Target]Override) { delete(all, target) })
	return before, had, nil
}

// refresh takes over what has changed in the shared store.
func (o *Overrides) refresh(ctx context.Context) error {
	if o.shared == nil {
		return nil
	}
	return o.shared.pull(ctx)
}

// At returns the override that was set for exactly this target, if one is in
// force.
func (o *Overrides) At(target Target) (found Override, ok bool) {
	if r := o.rules.Load(); r != nil {
		found, ok = r.all[target]
	}
	if !ok || !o.clock().Before(found.Until) {
		return Override{}, false
	}
	return found, true
}

// For returns the override that applies to a key: its own, or that of the whole
// limit.
func (o *Overrides) For(target Target) (Override, bool) {
	if found, ok := o.At(target); ok {
		return found, true
	}
	return o.At(target.whole())
}

// All returns the overrides in force, by limit and then by when they end.
func (o *Overrides) All() []Override {
	r := o.rules.Load()
	if r == nil {
		return nil
	}
	now := o.clock()
	all := slices.DeleteFunc(slices.Collect(maps.Values(r.all)), func(one Override) bool { return !now.Before(one.Until) })
	slices.SortFunc(all, func(a, b Override) int {
		return cmp.Or(cmp.Compare(a.Limit, b.Limit), cmp.Compare(a.Window, b.Window), a.Until.Compare(b.Until), slices.Compare(a.Key[:], b.Key[:]))
	})
	return all
}

// Close ends following the shared store, if there is one.
func (o *Overrides) Close() error {
	if o.shared != nil {
		o.shared.close()
	}
	return nil
}

// of returns the override for a charge at the time now. One that is over is
// dropped, so that decisions cost nothing again after the last.
func (r *rules) of(c window.Charge, now time.Time) (found Override, over bool) {
	target := Target{Limit: c.Limit.Name, Window: c.Limit.Window}
	if r.keyed[target] {
		key := target
		key.Key = window.IDOf(c)
		if found, ok := r.all[key]; ok {
			if now.Before(found.Until) {
				return found, false
			}
			over = true
		}
	}
	found, ok := r.all[target]
	if ok && !now.Before(found.Until) {
		return Override{}, true
	}
	return found, over
}

// update replaces the rules by what the change makes of them, less those that
// are over.
func (o *Overrides) update(change func(map[Target]Override)) {
	o.changing.Lock()
	defer o.changing.Unlock()
	all := make(map[Target]Override)
	if before := o.rules.Load(); before != nil {
		maps.Copy(all, before.all)
	}
	change(all)
	now := o.clock()
	maps.DeleteFunc(all, func(_ Target, one Override) bool { return !now.Before(one.Until) })
	o.rules.Store(rulesOf(all))
}

// rulesOf returns the rules with these overrides, nil for none.
func rulesOf(all map[Target]Override) *rules {
	if len(all) == 0 {
		return nil
	}
	next := &rules{all: all, keyed: make(map[Target]bool)}
	for target := range all {
		if target != target.whole() {
			next.keyed[target.whole()] = true
		}
	}
	return next
}
