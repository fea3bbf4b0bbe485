package window

import (
	"context"
	"sync"
	"time"
)

// unreported is what a node has granted while the shared store was gone, and
// the store has not heard of.
type unreported struct {
	// mu is held for reading while a grant is made and added, so that the one who
	// holds it for writing knows of all there are.
	mu     sync.RWMutex
	adding sync.Mutex
	grants map[grantee]int64
}

// grantee is the window of a grant.
type grantee struct {
	limit  string
	window time.Duration
	key    string
}

// add notes what was granted. Beyond a great many windows, it forgets.
func (u *unreported) add(c Charge) {
	if c.Cost == 0 {
		return
	}
	g := grantee{c.Limit.Name, c.Limit.Window, c.Key}
	u.adding.Lock()
	defer u.adding.Unlock()
	if u.grants == nil {
		u.grants = make(map[grantee]int64)
	}
	if _, known := u.grants[g]; known || len(u.grants) < DefaultMaxKeys {
		u.grants[g] = min(u.grants[g]+min(c.Cost, MaxRate), MaxRate)
	}
}

// take returns some of the grants as charges that always fit, and forgets them.
func (u *unreported) take() []Charge {
	u.adding.Lock()
	defer u.adding.Unlock()
	var charges []Charge
	for g, cost := range u.grants {
		if len(charges) == MaxCharges {
			break
		}
		limit := Limit{Name: g.limit, Rate: MaxRate, Window: g.window, Shadow: true}
		charges = append(charges, Charge{Limit: limit, Key: g.key, Cost: cost})
		delete(u.grants, g)
	}
	return charges
}

// report charges all that there is to the store. What the store does not take
// is kept.
func (u *unreported) report(ctx context.Context, store Store) error {
	for charges := u.take(); len(charges) > 0; charges = u.take() {
		if _, err := store.Decide(ctx, charges); err != nil {
			for _, c := range charges {
				u.add(c)
			}
			return err
		}
	}
	return nil
}
