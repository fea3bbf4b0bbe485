package breaker

import (
	"slices"
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
	if named == a || named.id != "slow/127.0.0.1:1" {
		t.Errorf("named breaker = %q", named.id)
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
	// a request of the config before, still at work
	fail(t, before.Breaker("u"), 1)
	inState(t, after.Breaker("u"), Open)
}

func TestTheObserverIsToldOfEveryBreaker(t *testing.T) {
	r := NewRegistry()
	var told []string
	early := r.Group("", Settings{TripAfter: 1}).Breaker("early")
	r.Observe(Observer{Changed: func(Change) { t.Error("a replaced observer was told") }})
	r.Observe(Observer{Changed: func(c Change) { told = append(told, c.Breaker+" "+c.To.String()) }})
	fail(t, early, 1)
	fail(t, r.Group("", Settings{TripAfter: 1}).Breaker("late"), 1)
	if len(told) != 2 || told[0] != "early open" || told[1] != "late open" {
		t.Errorf("told %q", told)
	}
}

func TestOnlyIdleBreakersThatNobodyHoldsAreForgotten(t *testing.T) {
	for name, look := range map[string]func(*Registry){
		"by a look at all": func(r *Registry) { r.Snapshots() },
		"by a new breaker": func(r *Registry) { r.Group("", Settings{}).Breaker("new") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := NewRegistry()
				var forgotten []string
				r.Observe(Observer{Forgotten: func(id string) { forgotten = append(forgotten, id) }})
				g := r.Group("", Settings{TripAfter: 1})
				g.Breaker("idle")
				fail(t, g.Breaker("open"), 1)
				fail(t, r.Group("", Settings{TripAfter: 1, OpenFor: idle}).Breaker("open for long"), 1)
				g.Hold("held")
				used := g.Breaker("used")
				time.Sleep(idle + longest(time.Second))
				admit(t, used).Success()
				look(r)
				for id, want := range map[string]bool{
					"idle": false, "open": false, "open for long": true, "held": true, "used": true,
				} {
					if got := r.Find(id) != nil; got != want || slices.Contains(forgotten, id) == want {
						t.Errorf("%s kept = %v, want %v; forgotten %q", id, got, want, forgotten)
					}
				}
			})
		})
	}
}

func TestABreakerGoesWithTheLastGroupThatHoldsIt(t *testing.T) {
	r := NewRegistry()
	var forgotten []string
	r.Observe(Observer{Forgotten: func(id string) { forgotten = append(forgotten, id) }})
	before := r.Group("", Settings{TripAfter: 1})
	before.Hold("stays")
	before.Hold("removed")
	fail(t, before.Breaker("stays"), 1)
	fail(t, before.Breaker("removed"), 1)
	after := r.Group("", Settings{TripAfter: 1})
	after.Hold("stays")
	after.Hold("stays") // named twice

	before.Close()
	before.Close()
	if !slices.Equal(forgotten, []string{"removed"}) || len(r.Snapshots()) != 1 {
		t.Errorf("forgotten %q, left %v", forgotten, r.Snapshots())
	}
	inState(t, after.Breaker("stays"), Open)
	after.Close()
	if left := r.Snapshots(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestRequestsThatOutlastTheirGroupLeaveNothingBehind(t *testing.T) {
	r := NewRegistry()
	r.Observe(Observer{Changed: func(c Change) { t.Errorf("told of %v", c) }})
	g := r.Group("", Settings{TripAfter: 1})
	g.Hold("u")
	permit := admit(t, g.Breaker("u"))
	g.Close()
	permit.Failure(nil)
	fail(t, g.Breaker("u"), 1)
	if left := r.Snapshots(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
