package window

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/redistest"
)

// tenEach are limits that grant 10 units at once, by each algorithm. They share
// their name and window.
var tenEach = map[string]Limit{
	"sliding window": {Name: "l", Rate: 10, Window: time.Minute},
	"sliding log":    {Name: "l", Rate: 10, Window: time.Minute, Algorithm: SlidingLog},
	"token bucket":   {Name: "l", Rate: 10, Window: time.Minute, Algorithm: TokenBucket},
	"small rate":     {Name: "l", Rate: 3, Window: time.Minute, Algorithm: TokenBucket, Burst: 10},
}

// eachAlgorithm runs a test by every algorithm on every store.
func eachAlgorithm(t *testing.T, test func(t *testing.T, store Store, clock *testClock, limit Limit)) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		for name, limit := range tenEach {
			limit.Name += name
			t.Run(name, func(t *testing.T) { test(t, store, clock, limit) })
		}
	})
}

func TestEveryAlgorithmGrantsItsCapacityAndTellsWhenThereIsMore(t *testing.T) {
	eachAlgorithm(t, func(t *testing.T, store Store, clock *testClock, limit Limit) {
		for _, cost := range []int64{1, 4} {
			key := fmt.Sprint(cost)
			for want := int64(9); want >= 0; want-- {
				v := decide(t, store, Charge{limit, key, 1})
				if s := v.States[0]; !v.Allowed || s.Remaining != want || s.Reset <= 0 || s.RetryAfter != 0 {
					t.Fatalf("with %d left after it: %+v", want, v)
				}
				clock.Advance(time.Millisecond)
			}
			v := decide(t, store, Charge{limit, key, cost})
			s := v.States[0]
			if v.Allowed || !s.Refused || s.Never || s.RetryAfter <= 0 || s.Reset > s.RetryAfter {
				t.Fatalf("beyond the capacity: %+v", v)
			}
			clock.Advance(s.RetryAfter - time.Microsecond)
			if decide(t, store, Charge{limit, key, cost}).Allowed {
				t.Fatalf("%d granted before %v were over", cost, s.RetryAfter)
			}
			clock.Advance(time.Microsecond)
			if v := decide(t, store, Charge{limit, key, cost}); !v.Allowed {
				t.Fatalf("%d refused after %v: %+v", cost, s.RetryAfter, v)
			}
		}
	})
}

func TestEveryAlgorithmTellsWhenSomethingComesBack(t *testing.T) {
	eachAlgorithm(t, func(t *testing.T, store Store, clock *testClock, limit Limit) {
		if s := peek(t, store, limit, "k"); s.Reset != 0 {
			t.Errorf("unused: %+v", s)
		}
		reserve(t, store, Charge{limit, "k", 4})
		clock.Advance(10 * time.Second)
		reserve(t, store, Charge{limit, "k", 2})
		before := peek(t, store, limit, "k")
		clock.Advance(before.Reset - time.Microsecond)
		if s := peek(t, store, limit, "k"); s.Remaining != before.Remaining || s.Reset != time.Microsecond {
			t.Errorf("a moment before %v: %+v", before.Reset, s)
		}
		clock.Advance(time.Microsecond)
		if s := peek(t, store, limit, "k"); s.Remaining <= before.Remaining {
			t.Errorf("after %v: %+v", before.Reset, s)
		}
		clock.Advance(5 * time.Minute)
		if s := peek(t, store, limit, "k"); s.Remaining != 10 || s.Reset != 0 {
			t.Errorf("at last: %+v", s)
		}
	})
}

func TestEveryAlgorithmRefusesACostAboveItsCapacityForGood(t *testing.T) {
	eachAlgorithm(t, func(t *testing.T, store Store, _ *testClock, limit Limit) {
		for _, cost := range []int64{11, MaxRate, 1<<63 - 1} {
			v := decide(t, store, Charge{limit, "k", cost})
			if s := v.States[0]; v.Allowed || !s.Never || s.RetryAfter != 0 || s.Remaining != 10 {
				t.Errorf("cost %d: %+v", cost, v)
			}
		}
	})
}

func TestEveryAlgorithmSettlesUpAndDown(t *testing.T) {
	eachAlgorithm(t, func(t *testing.T, store Store, clock *testClock, limit Limit) {
		settle(t, store, reserve(t, store, Charge{limit, "down", 8}), 3)
		settle(t, store, reserve(t, store, Charge{limit, "up", 3}), 8)
		settle(t, store, reserve(t, store, Charge{limit, "unknown", 0}), 8)
		settle(t, store, reserve(t, store, Charge{limit, "beyond", 3}), 25)
		for key, want := range map[string]int64{"down": 7, "up": 2, "unknown": 2, "beyond": 0} {
			if s := peek(t, store, limit, key); s.Remaining != want {
				t.Errorf("%s: %+v, want %d left", key, s, want)
			}
		}
		if decide(t, store, Charge{limit, "beyond", 1}).Allowed {
			t.Error("granted in debt")
		}
		late := reserve(t, store, Charge{limit, "late", 8})
		clock.Advance(3 * time.Minute)
		reserve(t, store, Charge{limit, "late", 4})
		settle(t, store, late, 0)
		if s := peek(t, store, limit, "late"); s.Remaining != 6 {
			t.Errorf("given back what had come back: %+v", s)
		}
	})
}

func TestOneDecisionIsAtomicAcrossAlgorithmsThatShareNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		var charges []Charge
		for _, name := range []string{"sliding window", "sliding log", "token bucket"} {
			charges = append(charges, Charge{tenEach[name], "k", 3})
		}
		reserve(t, store, Charge{charges[1].Limit, "k", 4})
		for i := range 4 {
			v := decide(t, store, charges...)
			left := [2]int64{v.States[0].Remaining, v.States[2].Remaining}
			want := int64(10 - 3*min(i+1, 2))
			if v.Allowed != (i < 2) || left != [2]int64{want, want} || v.States[1].Remaining != want-4 {
				t.Fatalf("decision %d: %+v", i, v)
			}
		}
		shadows := charges
		for i := range shadows {
			shadows[i].Limit.Shadow = true
		}
		if v := decide(t, store, shadows...); !v.Allowed || !v.States[1].Refused || v.States[0].Remaining != 1 || v.States[2].Remaining != 1 {
			t.Errorf("shadows: %+v", v)
		}
	})
}

func TestATokenBucketGrantsABurstAndThenItsRate(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := Limit{Name: "l", Rate: 60, Window: time.Minute, Algorithm: TokenBucket, Burst: 5}
		for second := range 60 {
			granted := 0
			for range 10 {
				if decide(t, store, Charge{limit, "k", 1}).Allowed {
					granted++
				}
			}
			if want := map[bool]int{true: 5, false: 1}[second == 0]; granted != want {
				t.Fatalf("%d granted in second %d, want %d", granted, second, want)
			}
			clock.Advance(time.Second)
		}
	})
}

// TestATokenBucketOfAnyRateKeepsItsPromise has rates whose intervals are no
// whole microseconds.
func TestATokenBucketOfAnyRateKeepsItsPromise(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		for _, limit := range []Limit{
			{Rate: 7, Window: time.Second, Burst: 3},
			{Rate: 700_001, Window: time.Second, Burst: 10},
			{Rate: 1, Window: MaxWindow},
			{Rate: MaxWindow.Microseconds(), Window: MaxWindow},
		} {
			limit.Name, limit.Algorithm = fmt.Sprint(limit.Rate), TokenBucket
			const steps, step = 50, 100 * time.Millisecond
			granted := int64(0)
			for range steps {
				cost := max(1, peek(t, store, limit, "k").Remaining)
				if decide(t, store, Charge{limit, "k", cost}).Allowed {
					granted += cost
				}
				clock.Advance(step)
			}
			most := float64(limit.Capacity()) + float64(limit.Rate)*float64((steps-1)*step)/float64(limit.Window)
			if float64(granted) > most || granted < limit.Capacity() {
				t.Errorf("%+v: %d granted, want %d to %v", limit, granted, limit.Capacity(), most)
			}
		}
	})
}

func TestASlidingLogIsExact(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := Limit{Name: "l", Rate: MaxLogRate, Window: time.Minute, Algorithm: SlidingLog}
		for i := range MaxLogRate + 20 {
			if allowed := decide(t, store, Charge{limit, "k", 1}).Allowed; allowed != (i < MaxLogRate) {
				t.Fatalf("use %d: %v", i, allowed)
			}
			clock.Advance(time.Millisecond)
		}
		clock.Advance(time.Minute - (MaxLogRate+20)*time.Millisecond)
		for i := range 10 {
			if !decide(t, store, Charge{limit, "k", 1}).Allowed {
				t.Fatalf("use %d of a minute ago has not left", i)
			}
			if decide(t, store, Charge{limit, "k", 1}).Allowed {
				t.Fatalf("use %d left early", i+1)
			}
			clock.Advance(time.Millisecond)
		}
	})
}

// TestASlidingLogIsBounded notes far more uses than there may be.
func TestASlidingLogIsBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := Limit{Name: "l", Rate: MaxLogRate, Window: time.Minute, Algorithm: SlidingLog}
		const uses = MaxLogRate + 100
		for range uses {
			settle(t, store, reserve(t, store, Charge{limit, "k", 0}), 1)
			clock.Advance(time.Millisecond)
		}
		if s := peek(t, store, limit, "k"); s.Remaining != 0 {
			t.Errorf("after %d uses: %+v", uses, s)
		}
		clock.Advance(time.Minute)
		if s := peek(t, store, limit, "k"); s.Remaining != MaxLogRate {
			t.Errorf("a minute later: %+v", s)
		}
	})
}

func TestEveryAlgorithmTakesTheShortestAndTheLongestWindow(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		for _, window := range []time.Duration{MinWindow, MaxWindow} {
			for name, limit := range tenEach {
				limit.Window = window
				if limit.Burst > 0 {
					limit.Window = min(window, MaxWindow/4)
				}
				if v := decide(t, store, Charge{limit, name, 10}); !v.Allowed || v.States[0].Remaining != 0 {
					t.Errorf("%s of %v: %+v", name, window, v)
				}
				if s := decide(t, store, Charge{limit, name, 3}).States[0]; !s.Refused || s.RetryAfter < limit.Window/4 || s.RetryAfter > limit.Window*61/60+time.Millisecond {
					t.Errorf("%s of %v, used up: %+v", name, window, s)
				}
			}
		}
	})
}

func TestAnAlgorithmTellsWhatItCannotDo(t *testing.T) {
	for want, limit := range map[string]Limit{
		"unknown algorithm":   {Algorithm: 3},
		"a log takes at most": {Rate: MaxLogRate + 1, Algorithm: SlidingLog},
		"for token buckets":   {Burst: 1},
		"for sliding windows": {Lease: time.Second, Algorithm: SlidingLog},
		"one a microsecond":   {Rate: 60_000_001, Algorithm: TokenBucket},
		"burst -1":            {Algorithm: TokenBucket, Burst: -1},
		"comes back within":   {Algorithm: TokenBucket, Burst: 366*24*60 + 1},
		"no bound":            {MaxKeys: -1},
	} {
		limit.Name, limit.Window, limit.Rate = "l", time.Minute, max(1, limit.Rate)
		if err := limit.Validate(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", limit, err, want)
		}
	}
	long := Limit{Name: "l", Rate: 1, Window: time.Minute, Algorithm: TokenBucket, Burst: 366 * 24 * 60}
	if err := long.Validate(); err != nil {
		t.Errorf("a burst that comes back within a year: %v", err)
	}
}

func TestRedisKeepsLittleOfEveryAlgorithm(t *testing.T) {
	client := redistest.Start(t).Client()
	clock := newClock()
	store := newClockedRedis(t, client, clock)
	for name, want := range map[string]int64{"sliding window": 512, "sliding log": 512, "token bucket": 144} {
		limit := tenEach[name]
		limit.Name = strings.ReplaceAll(name, " ", "-")
		for range 10 {
			reserve(t, store, Charge{limit, "k", 1})
			clock.Advance(time.Millisecond)
		}
		key := store.key(Charge{Limit: limit, Key: "k"})
		if bytes := client.MemoryUsage(t.Context(), key, 0).Val(); bytes > want || bytes == 0 {
			t.Errorf("a %s of 10 takes %d bytes, want at most %d", name, bytes, want)
		}
		if ttl := client.PTTL(t.Context(), key).Val(); ttl < time.Minute || ttl > 3*time.Minute {
			t.Errorf("a %s lives for %v", name, ttl)
		}
	}
}

// TestFailoverSharesAndReportsByEveryAlgorithm loses Redis and finds it again.
func TestFailoverSharesAndReportsByEveryAlgorithm(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 2)
	limits := make(map[string]Limit)
	for name, limit := range tenEach {
		limit.Window *= 60
		limits[name] = limit
		reserve(t, n, Charge{limit, name, 1})
	}
	loseRedis(t, n, server)
	for name, limit := range limits {
		granted := int64(0)
		for range 20 {
			if decide(t, n, Charge{limit, name, 1}).Allowed {
				granted++
			}
		}
		if granted < 4 || granted > 5 {
			t.Errorf("%s: one of two nodes granted %d of 10", name, granted)
		}
	}
	findRedis(t, n, server)
	for name, limit := range limits {
		// One of them may be there twice, if Redis made the charge but was too late.
		if s := peek(t, n, limit, name); s.Remaining < 3 || s.Remaining > 5 {
			t.Errorf("%s: %+v, want 4 or 5 left of 10", name, s)
		}
	}
}
