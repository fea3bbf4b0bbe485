package window

import (
	"testing"
	"time"
)

func TestAForgottenWindowBeginsAnewAndOthersDoNot(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 2)
		spent, other := Charge{limit, "k", 2}, Charge{limit, "other", 2}
		decide(t, store, spent)
		decide(t, store, other)
		if err := store.Forget(t.Context(), spent); err != nil {
			t.Fatal(err)
		}
		if v := decide(t, store, Charge{limit, "other", 0}); v.States[0].Remaining != 0 {
			t.Errorf("another key was forgotten too: %+v", v.States[0])
		}
		if v := decide(t, store, Charge{limit, "k", 0}); v.States[0].Remaining != 2 || v.States[0].Reset != 0 {
			t.Errorf("after it was forgotten: %+v", v.States[0])
		}
		if v := decide(t, store, spent); !v.Allowed {
			t.Errorf("the forgotten window has no room: %+v", v.States[0])
		}
	})
}

func TestAWindowIsFoundByItsID(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 3)
		decide(t, store, Charge{limit, "k", 2})
		id, err := ParseID(IDOf(Charge{Limit: limit, Key: "k"}).String())
		if err != nil {
			t.Fatal(err)
		}
		if v := decide(t, store, Charge{limit, id.Key(), 0}); v.States[0].Remaining != 1 {
			t.Errorf("by its ID: %+v", v.States[0])
		}
		if err := store.Forget(t.Context(), Charge{limit, id.Key(), 0}); err != nil {
			t.Fatal(err)
		}
		if v := decide(t, store, Charge{limit, "k", 0}); v.States[0].Remaining != 3 {
			t.Errorf("after it was forgotten by its ID: %+v", v.States[0])
		}
	})
}

func TestWhatIsNoIDIsRefused(t *testing.T) {
	for _, text := range []string{"", "alice", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAA==", "../../../etc/passwd///"} {
		if id, err := ParseID(text); err == nil {
			t.Errorf("%q is %v", text, id)
		}
	}
}

func TestGrantsThatWereForgottenAreNotReported(t *testing.T) {
	var grants unreported
	limit := perMinute("l", 3)
	grants.add(Charge{limit, "k", 2}, time.Now())
	grants.add(Charge{limit, "other", 1}, time.Now())
	grants.forget(Charge{limit, IDOf(Charge{Limit: limit, Key: "k"}).Key(), 0})
	if left := grants.take(); len(left) != 1 || left[granteeOf(Charge{limit, "other", 1})].cost != 1 {
		t.Errorf("left: %+v", left)
	}
}
