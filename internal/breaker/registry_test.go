package breaker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOneUpstreamHasOneBreakerAName(t *testing.T) {
	r := NewRegistry()
	a := r.Group("", Settings{}).Breaker("127.0.0.1:1")
	if r.Group("", Settings{}).Breaker("127.0.0.1:1") != a {
		t.Error("a second breaker for one upstream")
	}
	named := r.Group("slow", Settings{}).Breaker("127.0.0.1:1")
	if named == a || named.ID() != "slow/127.0.0.1:1" {
		t.Errorf("named breaker = %q", named.ID())
	}
	if r.Find("slow/127.0.0.1:1") != named || r.Find("127.0.0.1:2") != nil {
		t.Error("Find does not go by id")
	}
	ids := []string{}
	for _, s := range r.Snapshots() {
		ids = append(ids, s.ID)
	}
	if len(ids) != 2 || ids[0] != "127.0.0.1:1" || ids[1] != "slow/127.0.0.1:1" {
		t.Errorf("snapshots of %v", ids)
	}
}

func TestGetKeepsTheStateAndTakesTheSettings(t *testing.T) {
	r := NewRegistry()
	fail(t, r.Group("", Settings{TripAfter: 5}).Breaker("u"), 1)
	fail(t, r.Group("", Settings{TripAfter: 2}).Breaker("u"), 1)
	inState(t, r.Group("", Settings{TripAfter: 2}).Breaker("u"), Open)
}

func TestProxiesThatDifferDoNotUndoEachOthersSettings(t *testing.T) {
	r := NewRegistry()
	one, two := r.Group("", Settings{TripAfter: 5}), r.Group("", Settings{TripAfter: 4, HalfOpen: 2})
	inState(t, two.Breaker("u"), Closed)
	groups := []*Group{one, two, one, two}
	for i, g := range groups {
		inState(t, g.Breaker("u"), Closed)
		fail(t, g.Breaker("u"), 1)
		if got := g.Breaker("u").Snapshot().Failures; i < 3 && got != uint32(i+1) {
			t.Fatalf("%d failures counted, want %d", got, i+1)
		}
	}
	inState(t, one.Breaker("u"), Open) // by the settings of the newer
}

func TestSettingsOfAnOlderGroupDoNotComeBack(t *testing.T) {
	r := NewRegistry()
	before, after := r.Group("", Settings{TripAfter: 9}), r.Group("", Settings{TripAfter: 1})
	before.Breaker("u")
	after.Breaker("u")
	fail(t, before.Breaker("u"), 1) // a request of the config before, still at work
	inState(t, after.Breaker("u"), Open)
}

func TestTheObserverIsToldOfEveryBreaker(t *testing.T) {
	r := NewRegistry()
	var told []string
	early := r.Group("", Settings{TripAfter: 1}).Breaker("early")
	r.Observe(func(Change) { t.Error("a replaced observer was told") })
	r.Observe(func(c Change) { told = append(told, c.Breaker+" "+c.To.String()) })
	fail(t, early, 1)
	fail(t, r.Group("", Settings{TripAfter: 1}).Breaker("late"), 1)
	if len(told) != 2 || told[0] != "early open" || told[1] != "late open" {
		t.Errorf("told %q", told)
	}
}

func TestOnlyIdleClosedBreakersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRegistry()
		r.Group("", Settings{}).Breaker("idle")
		fail(t, r.Group("", Settings{TripAfter: 1}).Breaker("open"), 1)
		r.Group("", Settings{}).Breaker("forced").ForceClose()
		used := r.Group("", Settings{}).Breaker("used")
		time.Sleep(idle)
		admit(t, used).Success()
		r.Group("", Settings{}).Breaker("new")
		for id, want := range map[string]bool{"idle": false, "open": true, "forced": true, "used": true, "new": true} {
			if got := r.Find(id) != nil; got != want {
				t.Errorf("%s kept = %v, want %v", id, got, want)
			}
		}
	})
}
