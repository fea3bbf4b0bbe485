package window

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// decide fails the test unless the store decides.
func decide(t testing.TB, store Store, charges ...Charge) Verdict {
	t.Helper()
	verdict, err := store.Decide(t.Context(), charges)
	if err != nil {
		t.Fatalf("Decide: %v", err)
	}
	if len(verdict.States) != len(charges) {
		t.Fatalf("%d states for %d charges", len(verdict.States), len(charges))
	}
	return verdict
}

func perMinute(name string, rate int64) Limit {
	return Limit{Name: name, Rate: rate, Window: time.Minute}
}

func TestStoreGrantsUpToTheRateAndThenRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 3)
		for want := int64(2); want >= 0; want-- {
			v := decide(t, store, Charge{limit, "k", 1})
			if !v.Allowed || v.States[0].Remaining != want || v.States[0].Refused {
				t.Fatalf("with %d left after it: %+v", want, v)
			}
		}
		v := decide(t, store, Charge{limit, "k", 1})
		if v.Allowed || !v.States[0].Refused || v.States[0].Remaining != 0 {
			t.Fatalf("beyond the rate: %+v", v)
		}
		if v := decide(t, store, Charge{limit, "other", 1}); !v.Allowed {
			t.Errorf("another key shares the window: %+v", v)
		}
		if v := decide(t, store, Charge{perMinute("m", 3), "k", 1}); !v.Allowed {
			t.Errorf("another limit shares the window: %+v", v)
		}
	})
}

func TestStoreGivesQuotaBackBucketByBucket(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 2)
		charge := Charge{limit, "k", 1}
		decide(t, store, charge)
		clock.Advance(10 * time.Second)
		decide(t, store, charge)

		v := decide(t, store, charge)
		wait := v.States[0].RetryAfter
		if v.Allowed || wait < 50*time.Second || wait > 51*time.Second || wait != v.States[0].Reset {
			t.Fatalf("the first use should leave 60 to 61 s after it was made: %+v", v)
		}
		clock.Advance(wait - time.Microsecond)
		if v := decide(t, store, charge); v.Allowed {
			t.Fatalf("granted before RetryAfter was over: %+v", v)
		}
		clock.Advance(time.Microsecond)
		if v := decide(t, store, charge); !v.Allowed || v.States[0].Remaining != 0 {
			t.Fatalf("after RetryAfter one unit should be back, the second not: %+v", v)
		}
	})
}

func TestStoreTellsTheFirstOfItsBucketsFromTheLast(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		charge := Charge{perMinute("l", 10), "k", 1}
		for range 3 {
			decide(t, store, charge)
			clock.Advance(time.Minute)
		}
		// The use of a minute ago is at the very edge: its bucket still overlaps.
		if v := decide(t, store, charge); v.States[0].Remaining != 8 {
			t.Errorf("with one use a minute ago and one now: %+v", v.States[0])
		}
		clock.Advance(time.Second)
		if v := decide(t, store, charge); v.States[0].Remaining != 8 {
			t.Errorf("with one use a second ago and one now: %+v", v.States[0])
		}
	})
}

func TestStoreForgetsAWindowThatIsOver(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 5)
		decide(t, store, Charge{limit, "k", 5})
		clock.Advance(61 * time.Second)
		if v := decide(t, store, Charge{limit, "k", 0}); v.States[0].Remaining != 5 || v.States[0].Reset != 0 {
			t.Errorf("61 s later: %+v", v.States[0])
		}
	})
}

func TestStoreChargesNothingWhenOneLimitRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		wide, narrow := perMinute("wide", 10), perMinute("narrow", 1)
		both := []Charge{{wide, "k", 1}, {narrow, "k", 1}}
		decide(t, store, both...)
		for range 3 {
			v := decide(t, store, both...)
			if v.Allowed || v.States[0].Refused || !v.States[1].Refused {
				t.Fatalf("only narrow should refuse: %+v", v)
			}
			if v.States[0].Remaining != 9 {
				t.Fatalf("wide was charged for a refused decision: %+v", v.States[0])
			}
			if v.States[0].RetryAfter != 0 || v.States[1].RetryAfter == 0 {
				t.Errorf("RetryAfter belongs to the limit that refused: %+v", v.States)
			}
		}
	})
}

func TestStoreCountsShadowsButLetsThemRefuseNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		real := Charge{perMinute("real", 3), "k", 1}
		shadow := Charge{Limit{Name: "shadow", Rate: 2, Window: time.Minute, Shadow: true}, "k", 1}
		for i := range 3 {
			v := decide(t, store, real, shadow)
			if !v.Allowed || v.States[1].Refused != (i == 2) || (v.States[1].RetryAfter > 0) != (i == 2) {
				t.Fatalf("decision %d: %+v", i, v)
			}
		}
		if v := decide(t, store, real, shadow); v.Allowed || v.States[1].Remaining != 0 {
			t.Errorf("the real limit is used up: %+v", v)
		}
	})
}

func TestStoreTellsWhenALargeCostWillFit(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 10)
		for range 5 {
			decide(t, store, Charge{limit, "k", 2})
			clock.Advance(5 * time.Second)
		}
		large := Charge{limit, "k", 6}
		v := decide(t, store, large)
		if v.Allowed {
			t.Fatalf("6 of 0 granted: %+v", v)
		}
		if s := v.States[0]; s.RetryAfter != s.Reset+10*time.Second {
			t.Fatalf("6 units are back when three uses, 5 s apart, have left: %+v", s)
		}
		clock.Advance(v.States[0].RetryAfter - time.Microsecond)
		if decide(t, store, large).Allowed {
			t.Fatal("granted before RetryAfter was over")
		}
		clock.Advance(time.Microsecond)
		if !decide(t, store, large).Allowed {
			t.Fatal("refused after RetryAfter")
		}
	})
}

func TestStoreRefusesACostAboveTheRateForGood(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		for _, cost := range []int64{11, MaxRate, MaxRate + 1, math.MaxInt64} {
			v := decide(t, store, Charge{perMinute("l", 10), "k", cost})
			if s := v.States[0]; v.Allowed || !s.Refused || s.Remaining != 10 || !s.Never || s.RetryAfter != 0 {
				t.Errorf("cost %d: %+v", cost, v)
			}
		}
		huge := perMinute("huge", MaxRate)
		decide(t, store, Charge{huge, "k", MaxRate - 1})
		if v := decide(t, store, Charge{huge, "k", math.MaxInt64}); v.Allowed {
			t.Errorf("an overflowing cost was granted: %+v", v)
		}
		if v := decide(t, store, Charge{huge, "k", 1}); !v.Allowed || v.States[0].Remaining != 0 {
			t.Errorf("the last unit of the largest rate: %+v", v)
		}
		if v := decide(t, store, Charge{huge, "k", 1}); v.Allowed {
			t.Errorf("one unit above the largest rate: %+v", v)
		}
	})
}

func TestStoreReportsWithoutChargingForACostOfZero(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 1)
		for range 2 {
			if v := decide(t, store, Charge{limit, "k", 0}); !v.Allowed || v.States[0].Remaining != 1 {
				t.Fatalf("asking for the state: %+v", v)
			}
		}
		decide(t, store, Charge{limit, "k", 1})
		if v := decide(t, store, Charge{limit, "k", 0}); !v.Allowed || v.States[0].Remaining != 0 {
			t.Errorf("asking for the state of a full window: %+v", v)
		}
	})
}

func TestStoreKeepsUsageWhenTheRateChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		decide(t, store, Charge{perMinute("l", 10), "k", 6})
		v := decide(t, store, Charge{perMinute("l", 4), "k", 1})
		if v.Allowed || v.States[0].Remaining != 0 {
			t.Errorf("a lowered rate counts what was used: %+v", v)
		}
		if v := decide(t, store, Charge{perMinute("l", 20), "k", 1}); !v.Allowed || v.States[0].Remaining != 13 {
			t.Errorf("a raised rate counts what was used: %+v", v)
		}
	})
}

func TestStoreIgnoresAClockThatStepsBack(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		clock.Advance(time.Hour)
		limit := perMinute("l", 2)
		decide(t, store, Charge{limit, "k", 2})
		clock.Advance(-30 * time.Second)
		if v := decide(t, store, Charge{limit, "k", 1}); v.Allowed {
			t.Fatalf("stepping back gave quota: %+v", v)
		}
		clock.Advance(30*time.Second + 59*time.Second)
		if v := decide(t, store, Charge{limit, "k", 1}); v.Allowed {
			t.Fatalf("granted 59 s after the uses: %+v", v)
		}
		clock.Advance(2 * time.Second)
		if v := decide(t, store, Charge{limit, "k", 2}); !v.Allowed {
			t.Fatalf("refused 61 s after the uses: %+v", v)
		}
	})
}

func TestStoreTellsWhatIsWrongWithACharge(t *testing.T) {
	good := perMinute("good", 1)
	many := make([]Charge, MaxCharges+1)
	for i := range many {
		many[i] = Charge{good, fmt.Sprint(i), 1}
	}
	cases := map[string]struct {
		charges []Charge
		want    string
	}{
		"no name":        {[]Charge{{Limit{Rate: 1, Window: time.Minute}, "k", 1}}, "name"},
		"zero rate":      {[]Charge{{perMinute("l", 0), "k", 1}}, "rate 0"},
		"negative rate":  {[]Charge{{perMinute("l", -1), "k", 1}}, "rate -1"},
		"rate too high":  {[]Charge{{perMinute("l", MaxRate+1), "k", 1}}, "rate"},
		"zero window":    {[]Charge{{Limit{Name: "l", Rate: 1}, "k", 1}}, "window 0s"},
		"short window":   {[]Charge{{Limit{Name: "l", Rate: 1, Window: time.Second - 1}, "k", 1}}, "window"},
		"long window":    {[]Charge{{Limit{Name: "l", Rate: 1, Window: MaxWindow + 1}, "k", 1}}, "window"},
		"negative cost":  {[]Charge{{good, "k", -1}}, "cost -1"},
		"charged twice":  {[]Charge{{good, "k", 1}, {good, "k", 1}}, "twice"},
		"second invalid": {[]Charge{{good, "k", 1}, {perMinute("l", 0), "k", 1}}, `"l"`},
		"too many":       {many, "33 charges"},
	}
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		for name, c := range cases {
			_, err := store.Decide(t.Context(), c.charges)
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v should be ErrInvalid and mention %q", name, err, c.want)
			}
		}
		if v := decide(t, store, Charge{good, "k", 0}); v.States[0].Remaining != 1 {
			t.Errorf("an invalid decision was charged: %+v", v)
		}
	})
}

func TestStoreAllowsADecisionWithoutCharges(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		if v := decide(t, store); !v.Allowed {
			t.Errorf("%+v", v)
		}
	})
}

func TestStoreNeverGrantsMoreThanTheRateToAnyNumberAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		granted := hammer(t, 16, 40, func(int) (Verdict, error) {
			return store.Decide(t.Context(), []Charge{{perMinute("own", 1000), "a", 1}, {perMinute("all", 100), "all", 1}})
		})
		if granted != 100 {
			t.Errorf("%d granted of 640 tries at a limit of 100", granted)
		}
		if v := decide(t, store, Charge{perMinute("own", 1000), "a", 0}); v.States[0].Remaining != 900 {
			t.Errorf("own was charged %d times, want 100", 1000-v.States[0].Remaining)
		}
	})
}

// hammer has several goroutines decide at once and counts what was granted.
func hammer(t *testing.T, goroutines, each int, try func(goroutine int) (Verdict, error)) int64 {
	t.Helper()
	var granted atomic.Int64
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range each {
				v, err := try(g)
				if err != nil {
					t.Error(err)
					return
				}
				if v.Allowed {
					granted.Add(1)
				}
			}
		})
	}
	all.Wait()
	return granted.Load()
}
