package window

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryHoldsABoundedNumberOfWindows(t *testing.T) {
	clock := newClock()
	m := NewMemory(MemoryOptions{MaxKeys: MinMaxKeys, Clock: clock.Now})
	busy := Charge{perMinute("busy", 1<<40), "all", 1}
	const strangers = 5 * MinMaxKeys
	for i := range strangers {
		// A flood of new keys must not make the store forget the one that all share.
		decide(t, m, Charge{perMinute("l", 1), fmt.Sprint(i), 1}, busy)
	}
	if keys := m.keys(); keys > MinMaxKeys {
		t.Errorf("%d windows, want at most %d", keys, MinMaxKeys)
	}
	if forgotten := m.forgotten.Load(); forgotten != uint64(strangers+1-m.keys()) {
		t.Errorf("%d windows forgotten, %d kept, of %d", forgotten, m.keys(), strangers+1)
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
	if keys := m.keys(); keys > 2*each {
		t.Errorf("%d windows kept, of which %d can be in use", keys, each)
	}
	if n := m.forgotten.Load(); n != 0 {
		t.Errorf("%d windows that were not idle had to go, though there was room", n)
	}
}

func TestMemoryMakesNoWindowForARefusedDecision(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	for i := range 100 {
		decide(t, m, Charge{perMinute("l", 1), fmt.Sprint(i), 2})
	}
	if n := m.keys(); n != 0 {
		t.Errorf("refusing 100 keys made %d windows", n)
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
				m.keys()
			}
		})
	}
	all.Wait()
}
