package window

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys is how many keys a store holds, and forgotten how many it had to drop.
func keys(m *Memory) (n int) {
	for _, use := range m.Use() {
		n += use.Keys
	}
	return n
}

func forgotten(m *Memory) (n uint64) {
	for _, use := range m.Use() {
		n += use.Forgotten
	}
	return n
}

func TestMemoryHoldsABoundedNumberOfWindows(t *testing.T) {
	clock := newClock()
	m := NewMemory(MemoryOptions{MaxKeys: MinMaxKeys, Clock: clock.Now})
	busy := Charge{perMinute("l", 1<<40), "all", 1}
	const strangers = 5 * MinMaxKeys
	for i := range strangers {
		// A flood of new keys must not make the store forget the one that all share.
		decide(t, m, Charge{perMinute("l", 1), fmt.Sprint(i), 1}, busy)
	}
	if keys := keys(m); keys > MinMaxKeys {
		t.Errorf("%d windows, want at most %d", keys, MinMaxKeys)
	}
	if forgotten := forgotten(m); forgotten != uint64(strangers+1-keys(m)) {
		t.Errorf("%d windows forgotten, %d kept, of %d", forgotten, keys(m), strangers+1)
	}
	if v := decide(t, m, busy); v.States[0].Remaining != 1<<40-strangers-1 {
		t.Errorf("the busiest window was forgotten: %+v", v.States[0])
	}
}

func TestMemoryDropsIdleWindowsBeforeItIsFull(t *testing.T) {
	clock := newClock()
	m := NewMemory(MemoryOptions{MaxKeys: 1 << 16, Clock: clock.Now})
	const each = 2000
	for minute := range 10 {
		for i := range each {
			decide(t, m, Charge{perMinute("l", 1), fmt.Sprint(minute, i), 1})
		}
		clock.Advance(2 * time.Minute)
	}
	if keys := keys(m); keys > 2*each {
		t.Errorf("%d windows kept, of which %d can be in use", keys, each)
	}
	if n := forgotten(m); n != 0 {
		t.Errorf("%d windows that were not idle had to go, though there was room", n)
	}
}

func TestMemoryMakesNoWindowForARefusedDecision(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	for i := range 100 {
		decide(t, m, Charge{perMinute("l", 1), fmt.Sprint(i), 2})
	}
	if n := keys(m); n != 0 {
		t.Errorf("refusing 100 keys made %d windows", n)
	}
}

// TestAKeyAtItsLimitOutlivesAFloodOfOthers has more other keys than there is
// room for, in the same limit and in another.
func TestAKeyAtItsLimitOutlivesAFloodOfOthers(t *testing.T) {
	clock := newClock()
	m := NewMemory(MemoryOptions{Clock: clock.Now})
	daily := Limit{Name: "daily", Rate: 10, Window: 24 * time.Hour}
	const spent, others = 1000, 300_000
	for i := range spent {
		reserve(t, m, Charge{daily, fmt.Sprint("spent", i), 10})
	}
	clock.Advance(time.Hour)
	for i := range others {
		reserve(t, m, Charge{daily, fmt.Sprint(i), 1})
		reserve(t, m, Charge{perMinute("flood", 1), fmt.Sprint(i), 1})
	}
	for i := range spent {
		if s := peek(t, m, daily, fmt.Sprint("spent", i)); s.Remaining != 0 {
			t.Fatalf("key %d was forgotten: %+v", i, s)
		}
	}
	if use := m.Use()["daily"]; use.Keys > DefaultMaxKeys || use.Bound != DefaultMaxKeys || use.Forgotten != uint64(spent+others-use.Keys) {
		t.Errorf("%+v", use)
	}
}

func TestAFloodOfOneLimitForgetsNothingOfAnother(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	small := perMinute("flood", 1)
	small.MaxKeys = 2 * MinMaxKeys
	const kept = 100
	for i := range kept {
		reserve(t, m, Charge{perMinute("quiet", 100), fmt.Sprint(i), 1})
	}
	for i := range 10 * small.MaxKeys {
		reserve(t, m, Charge{small, fmt.Sprint(i), 1})
	}
	for i := range kept {
		if s := peek(t, m, perMinute("quiet", 100), fmt.Sprint(i)); s.Remaining != 99 {
			t.Fatalf("key %d was forgotten: %+v", i, s)
		}
	}
	if use := m.Use(); use["flood"].Keys > small.MaxKeys || use["flood"].Forgotten == 0 || use["quiet"].Forgotten != 0 {
		t.Errorf("%+v", use)
	}
}

func TestMemoryForgetsDownToABoundThatWasLowered(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	limit := perMinute("l", 1)
	for i := range 8 * MinMaxKeys {
		reserve(t, m, Charge{limit, fmt.Sprint(i), 1})
	}
	limit.MaxKeys = MinMaxKeys
	for i := range MinMaxKeys {
		reserve(t, m, Charge{limit, fmt.Sprint("new", i), 1})
	}
	if n := keys(m); n > MinMaxKeys {
		t.Errorf("%d keys, want at most %d", n, MinMaxKeys)
	}
}

func TestMemoryDropsALimitThatIsNoLongerUsed(t *testing.T) {
	clock := newClock()
	m := NewMemory(MemoryOptions{Clock: clock.Now})
	for i := range 1000 {
		reserve(t, m, Charge{perMinute("old", 1), fmt.Sprint(i), 1})
	}
	clock.Advance(2 * time.Minute)
	for i := range 2000 {
		reserve(t, m, Charge{perMinute("new", 1), fmt.Sprint(i), 1})
	}
	if use, there := m.Use()["old"]; there {
		t.Errorf("of the old limit is left %+v", use)
	}
}

func TestMemoryNeverForgetsAWindowOfTheDecisionAtHand(t *testing.T) {
	m := NewMemory(MemoryOptions{MaxKeys: MinMaxKeys})
	var charges []Charge
	for i := range MaxCharges {
		charges = append(charges, Charge{perMinute(fmt.Sprint("l", i), 100), "k", 1})
	}
	for i := range 50 {
		for j := range MinMaxKeys / 4 {
			decide(t, m, Charge{perMinute("noise", 1), fmt.Sprint(i, j), 1})
		}
		v := decide(t, m, charges...)
		for _, s := range v.States {
			if s.Remaining > 99 {
				t.Fatalf("the charge was lost: %+v", s)
			}
		}
	}
}

func TestMemoryRecordsWhatAnotherStoreGranted(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	limit := perMinute("l", 2)
	made := []State{{At: time.Now()}, {}}
	for range 3 {
		m.mirror([]Charge{{limit, "k", 1}, {limit, "other", 1}}, made)
	}
	if v := decide(t, m, Charge{limit, "other", 0}); v.States[0].Remaining != 2 {
		t.Errorf("a charge that was not made was recorded: %+v", v.States[0])
	}
	if v := decide(t, m, Charge{perMinute("l", 10), "k", 0}); v.States[0].Remaining != 7 {
		t.Errorf("three recorded uses: %+v", v.States[0])
	}
	if v := decide(t, m, Charge{limit, "k", 1}); v.Allowed {
		t.Errorf("granted beyond what was recorded: %+v", v)
	}
}

func TestMemoryDecisionsOverManyShardsDoNotDeadlock(t *testing.T) {
	m := NewMemory(MemoryOptions{MaxKeys: MinMaxKeys})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 500 {
				var charges []Charge
				for c := range 6 {
					charges = append(charges, Charge{perMinute(fmt.Sprint(c), 1<<40), fmt.Sprint((i*7 + g*13 + c*31) % 97), 1})
				}
				if _, err := m.Decide(t.Context(), charges); err != nil {
					t.Error(err)
				}
				keys(m)
			}
		})
	}
	all.Wait()
}
