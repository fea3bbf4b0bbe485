//go:build !race

package policy

import "testing"

// budget is how many objects the policy may cost a request of the ordinary
// kind, whose signals were seen before: the body read and parsed, compared with
// the route's schema, judged, and handed on. The race detector empties pools,
// so under it there is no such number.
const budget = 24

func TestTheObjectsOfARequestAreBounded(t *testing.T) {
	without, with := newSender(t, false, 300), newSender(t, true, 300)
	objects := func(s *sender) float64 {
		for range s.bodies { // fills caches and pools
			s.send(t)
		}
		return testing.AllocsPerRun(500, func() { s.send(t) })
	}
	if got := objects(with) - objects(without); got > budget {
		t.Errorf("the policy costs a request %.0f objects, want at most %d", got, budget)
	}
}
