package breaker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOneUpstreamHasOneBreakerAName(t *testing.T) {
	r := NewRegistry()
	a := r.Get("", "127.0.0.1:1", Settings{})
	if r.Get("", "127.0.0.1:1", Settings{}) != a {
		t.Error("a second breaker for one upstream")
	}
	named := r.Get("slow", "127.0.0.1:1", Settings{})
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
	fail(t, r.Get("", "u", Settings{TripAfter: 5}), 1)
	fail(t, r.Get("", "u", Settings{TripAfter: 2}), 1)
	inState(t, r.Get("", "u", Settings{TripAfter: 2}), Open)
}

func TestTheObserverIsToldOfEveryBreaker(t *testing.T) {
	r := NewRegistry()
	var told []string
	early := r.Get("", "early", Settings{TripAfter: 1})
	r.Observe(func(Change) { t.Error("a replaced observer was told") })
	r.Observe(func(c Change) { told = append(told, c.Breaker+" "+c.To.String()) })
	fail(t, early, 1)
	fail(t, r.Get("", "late", Settings{TripAfter: 1}), 1)
	if len(told) != 2 || told[0] != "early open" || told[1] != "late open" {
		t.Errorf("told %q", told)
	}
}

func TestOnlyIdleClosedBreakersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRegistry()
		r.Get("", "idle", Settings{})
		fail(t, r.Get("", "open", Settings{TripAfter: 1}), 1)
		r.Get("", "forced", Settings{}).ForceClose()
		used := r.Get("", "used", Settings{})
		time.Sleep(idle)
		admit(t, used).Success()
		r.Get("", "new", Settings{})
		for id, want := range map[string]bool{"idle": false, "open": true, "forced": true, "used": true, "new": true} {
			if got := r.Find(id) != nil; got != want {
				t.Errorf("%s kept = %v, want %v", id, got, want)
			}
		}
	})
}
