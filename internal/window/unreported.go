package window

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// reportTogether is how many decisions report grants at once, and so may share
// a round trip. More of them would keep Redis busy for so long that it seems to
// be gone.
const reportTogether = 8

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

// forget forgets what was granted to a charge's window, which may go by its ID.
func (u *unreported) forget(c Charge) {
	window := IDOf(c)
	u.adding.Lock()
	defer u.adding.Unlock()
	maps.DeleteFunc(u.grants, func(g grantee, _ int64) bool {
		return IDOf(Charge{Limit: Limit{Name: g.limit, Window: g.window}, Key: g.key}) == window
	})
}

// many reports whether there are more windows than one decision charges.
func (u *unreported) many() bool {
	u.adding.Lock()
	defer u.adding.Unlock()
	return len(u.grants) > MaxCharges
}

// take returns all grants as charges that always fit, and forgets them.
func (u *unreported) take() []Charge {
	u.adding.Lock()
	defer u.adding.Unlock()
	charges := make([]Charge, 0, len(u.grants))
	for g, cost := range u.grants {
		limit := Limit{Name: g.limit, Rate: MaxRate, Window: g.window, Shadow: true}
		charges = append(charges, Charge{Limit: limit, Key: g.key, Cost: cost})
	}
	clear(u.grants)
	return charges
}

// report charges to the store what there is now, and not what is granted
// meanwhile: that might never end. What the store does not take is kept.
func (u *unreported) report(ctx context.Context, store Store) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(reportTogether)
	for charges := range slices.Chunk(u.take(), MaxCharges) {
		all.Go(func() error {
			_, err := store.Decide(ctx, charges)
			if err != nil {
				for _, c := range charges {
					u.add(c)
				}
			}
			return err
		})
	}
	return all.Wait()
}
