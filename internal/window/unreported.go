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
	grants map[grantee]grant
}

// grantee is the window of a grant.
type grantee struct {
	family
	key string
}

func granteeOf(c Charge) grantee { return grantee{c.Limit.family(), c.Key} }

// grant is what was granted to a window since a time.
type grant struct {
	limit Limit
	cost  int64
	since time.Time
}

// add notes what was granted. Beyond a great many windows, it forgets.
func (u *unreported) add(c Charge, at time.Time) {
	if c.Cost == 0 {
		return
	}
	g := granteeOf(c)
	u.adding.Lock()
	defer u.adding.Unlock()
	if u.grants == nil {
		u.grants = make(map[grantee]grant)
	}
	noted, known := u.grants[g]
	switch {
	case known:
		noted.cost = min(noted.cost+min(c.Cost, MaxRate), MaxRate)
	case len(u.grants) < DefaultMaxKeys:
		noted = grant{c.Limit, min(c.Cost, MaxRate), at}
	default:
		return
	}
	u.grants[g] = noted
}

// settle corrects what was granted. Of what was reported, only a cost above it
// can still be told.
func (u *unreported) settle(s Settlement) {
	units := s.difference()
	if units > 0 {
		more := s.Charge
		more.Cost = units
		u.add(more, s.State.At)
		return
	}
	u.adding.Lock()
	defer u.adding.Unlock()
	g := granteeOf(s.Charge)
	if noted, known := u.grants[g]; known && !noted.since.After(s.State.At) {
		noted.cost = max(0, noted.cost+units)
		u.grants[g] = noted
	}
}

// forget forgets what was granted to a charge's window, which may go by its ID.
func (u *unreported) forget(c Charge) {
	window := IDOf(c)
	u.adding.Lock()
	defer u.adding.Unlock()
	maps.DeleteFunc(u.grants, func(g grantee, noted grant) bool {
		return IDOf(Charge{Limit: noted.limit, Key: g.key}) == window
	})
}

// many reports whether there are more windows than one decision charges.
func (u *unreported) many() bool {
	u.adding.Lock()
	defer u.adding.Unlock()
	return len(u.grants) > MaxCharges
}

// take returns all grants and forgets them.
func (u *unreported) take() map[grantee]grant {
	u.adding.Lock()
	defer u.adding.Unlock()
	taken := u.grants
	u.grants = nil
	return taken
}

// report charges to the store what there is now, and not what is granted
// meanwhile: that might never end. What the store does not take is kept.
func (u *unreported) report(ctx context.Context, store Store) error {
	taken := u.take()
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(reportTogether)
	for windows := range slices.Chunk(slices.Collect(maps.Keys(taken)), MaxCharges) {
		charges := make([]Charge, len(windows))
		for i, g := range windows {
			charges[i] = Charge{taken[g].limit, g.key, taken[g].cost}
			charges[i].Limit.forced = true
		}
		all.Go(func() error {
			_, err := store.Decide(ctx, charges)
			if err != nil {
				for i, g := range windows {
					u.add(charges[i], taken[g].since)
				}
			}
			return err
		})
	}
	return all.Wait()
}
