package window

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

// reserve makes a charge, which must fit, and returns what settles it.
func reserve(t testing.TB, store Store, c Charge) Settlement {
	t.Helper()
	v := decide(t, store, c)
	if !v.Allowed {
		t.Fatalf("no room for %+v: %+v", c, v)
	}
	return Settlement{Charge: c, State: v.States[0], Cost: c.Cost}
}

func settle(t testing.TB, store Store, s Settlement, cost int64) {
	t.Helper()
	s.Cost = cost
	if err := store.Settle(t.Context(), []Settlement{s}); err != nil {
		t.Fatalf("Settle: %v", err)
	}
}

// peek returns the state of a window without charging it.
func peek(t testing.TB, store Store, limit Limit, key string) State {
	t.Helper()
	return decide(t, store, Charge{limit, key, 0}).States[0]
}

// loseRedis has a node find out that Redis does not answer, without a charge.
func loseRedis(t *testing.T, n *node, server *redistest.Server) {
	t.Helper()
	server.Pause()
	for !n.Degraded() {
		peek(t, n, hourly("lost", 1, Local), "k")
	}
}

func findRedis(t *testing.T, n *node, server *redistest.Server) {
	t.Helper()
	server.Resume()
	eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
}

func TestASettlementGivesBackWhatWasNotUsed(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 100)
		first, second := reserve(t, store, Charge{limit, "k", 60}), reserve(t, store, Charge{limit, "k", 40})
		settle(t, store, first, 10)
		if s := peek(t, store, limit, "k"); s.Remaining != 50 {
			t.Errorf("50 of 60 were given back: %+v", s)
		}
		settle(t, store, second, 0)
		if s := peek(t, store, limit, "k"); s.Remaining != 90 || s.Reset == 0 {
			t.Errorf("then all of 40: %+v", s)
		}
	})
}

func TestASettlementChargesWhatWasUsedBeyondTheRate(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 100)
		settle(t, store, reserve(t, store, Charge{limit, "k", 10}), 300)
		if v := decide(t, store, Charge{limit, "k", 1}); v.Allowed || v.States[0].Remaining != 0 || v.States[0].RetryAfter == 0 {
			t.Fatalf("after 300 of 100: %+v", v)
		}
		clock.Advance(61 * time.Second)
		if s := peek(t, store, limit, "k"); s.Remaining != 100 {
			t.Errorf("a minute later: %+v", s)
		}
	})
}

func TestASettlementOfAnUnknownCostChargesItsBucket(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 100)
		nothing := reserve(t, store, Charge{limit, "k", 0})
		clock.Advance(30 * time.Second)
		settle(t, store, nothing, 70)
		if s := peek(t, store, limit, "k"); s.Remaining != 30 || s.Reset > 31*time.Second {
			t.Errorf("70 used half a minute ago: %+v", s)
		}
		clock.Advance(31 * time.Second)
		if s := peek(t, store, limit, "k"); s.Remaining != 100 {
			t.Errorf("over a minute after the use: %+v", s)
		}
	})
}

func TestASettlementChangesItsOwnBucketAlone(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 100)
		old := reserve(t, store, Charge{limit, "k", 20})
		clock.Advance(40 * time.Second)
		reserve(t, store, Charge{limit, "k", 30})
		settle(t, store, old, 5)
		if s := peek(t, store, limit, "k"); s.Remaining != 65 || s.Reset > 21*time.Second {
			t.Errorf("5 used 40 s ago and 30 now: %+v", s)
		}
		clock.Advance(21 * time.Second)
		if s := peek(t, store, limit, "k"); s.Remaining != 70 {
			t.Errorf("when the first has left: %+v", s)
		}
	})
}

func TestTheOldestUseThatWasGivenBackNoLongerDelaysTheReset(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 100)
		old := reserve(t, store, Charge{limit, "k", 20})
		clock.Advance(40 * time.Second)
		reserve(t, store, Charge{limit, "k", 30})
		settle(t, store, old, 0)
		if s := peek(t, store, limit, "k"); s.Remaining != 70 || s.Reset < time.Minute {
			t.Errorf("30 used just now: %+v", s)
		}
	})
}

func TestASettlementThatIsLateChangesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 100)
		early, other := reserve(t, store, Charge{limit, "k", 20}), reserve(t, store, Charge{limit, "forgotten", 20})
		clock.Advance(61 * time.Second)
		reserve(t, store, Charge{limit, "k", 30})
		settle(t, store, early, 0)
		settle(t, store, other, 90)
		if s := peek(t, store, limit, "k"); s.Remaining != 70 {
			t.Errorf("30 used since: %+v", s)
		}
		if s := peek(t, store, limit, "forgotten"); s.Remaining != 100 {
			t.Errorf("nothing used since: %+v", s)
		}
	})
}

func TestAChargeThatWasNotMadeIsNotSettled(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		full, spared := perMinute("full", 1), perMinute("spared", 10)
		reserve(t, store, Charge{full, "k", 1})
		charges := []Charge{{full, "k", 1}, {spared, "k", 1}}
		v := decide(t, store, charges...)
		for i, c := range charges {
			settle(t, store, Settlement{Charge: c, State: v.States[i]}, 0)
			settle(t, store, Settlement{Charge: c, State: v.States[i]}, 5)
		}
		if s := peek(t, store, full, "k"); s.Remaining != 0 {
			t.Errorf("a refused charge was given back: %+v", s)
		}
		if s := peek(t, store, spared, "k"); s.Remaining != 10 {
			t.Errorf("a spared charge was settled: %+v", s)
		}
	})
}

func TestASettlementTakesNoMoreThanIsThere(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 100)
		s := reserve(t, store, Charge{limit, "k", 60})
		settle(t, store, s, 10)
		settle(t, store, s, 10) // by mistake
		if got := peek(t, store, limit, "k"); got.Remaining != 100 {
			t.Errorf("given back more than was charged: %+v", got)
		}
		reserve(t, store, Charge{limit, "k", 100})
		if decide(t, store, Charge{limit, "k", 1}).Allowed {
			t.Error("101 of 100 granted")
		}
	})
}

func TestSettlementsThatMakeNoSenseAreRefusedAsAWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("l", 100)
		good := reserve(t, store, Charge{limit, "k", 60})
		good.Cost = 1
		for name, bad := range map[string]Settlement{
			"negative": {Charge: Charge{limit, "x", 1}, Cost: -1},
			"twice":    good,
		} {
			if err := store.Settle(t.Context(), []Settlement{good, bad}); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: error %v, want ErrInvalid", name, err)
			}
		}
		if s := peek(t, store, limit, "k"); s.Remaining != 40 {
			t.Errorf("the good one was settled: %+v", s)
		}
		if err := store.Settle(t.Context(), nil); err != nil {
			t.Errorf("nothing to settle: %v", err)
		}
	})
}

// TestParallelReservationsCannotOvershootABudget is the case of a budget of
// tokens: each request reserves the most that it may use, and gives back the
// rest.
func TestParallelReservationsCannotOvershootABudget(t *testing.T) {
	const budget, most, used = 1000, 100, 30
	eachStore(t, func(t *testing.T, store Store, _ *testClock) {
		limit := perMinute("tokens", budget)
		var reserved, spent atomic.Int64
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				c := Charge{limit, "k", most}
				v, err := store.Decide(t.Context(), []Charge{c})
				if err != nil || !v.Allowed {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if r := reserved.Add(most); r > budget {
					t.Errorf("%d reserved of %d", r, budget)
				}
				spent.Add(used)
				reserved.Add(used - most)
				if err := store.Settle(t.Context(), []Settlement{{Charge: c, State: v.States[0], Cost: used}}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := spent.Load(); n > budget || n < 10*used {
			t.Errorf("%d spent of %d", n, budget)
		}
		if s := peek(t, store, limit, "k"); s.Remaining != budget-spent.Load() {
			t.Errorf("%d spent: %+v", spent.Load(), s)
		}
	})
}

func TestRedisSettlesInOneRoundTripAndNeverTwice(t *testing.T) {
	client := redistest.Start(t).Client()
	hook := new(roundTrips)
	client.AddHook(hook)
	store := newRedis(t, client)
	charges := []Charge{{perMinute("a", 100), "k", 10}, {perMinute("b", 100), "k", 10}}
	v := decide(t, store, charges...)
	settlements := []Settlement{{charges[0], v.States[0], 4}, {charges[1], v.States[1], 10}}
	hook.n.Store(0)
	if err := store.Settle(t.Context(), settlements); err != nil {
		t.Fatal(err)
	}
	if n := hook.n.Load(); n != 1 {
		t.Errorf("%d round trips", n)
	}
	if err := store.Settle(t.Context(), settlements[1:]); err != nil || hook.n.Load() != 1 {
		t.Errorf("Redis was told that nothing is to be corrected: %v", err)
	}
	if err := client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := store.Settle(t.Context(), []Settlement{{charges[1], v.States[1], 3}}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{96, 97} {
		if s := peek(t, store, charges[i].Limit, "k"); s.Remaining != want {
			t.Errorf("%+v, want %d left", s, want)
		}
	}
}

func TestAChargeInRedisIsSettledThereAndInTheLocalStore(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	limit := hourly("l", 100, Local)
	settle(t, n, reserve(t, n, Charge{limit, "k", 60}), 10)
	if s := peek(t, n, limit, "k"); s.Degraded || s.Remaining != 90 {
		t.Errorf("in Redis: %+v", s)
	}
	server.Kill()
	for !n.Degraded() {
		peek(t, n, limit, "k")
	}
	if s := peek(t, n, limit, "k"); !s.Degraded || s.Remaining != 90 {
		t.Errorf("without Redis: %+v", s)
	}
}

func TestAReservationStaysInARedisThatIsGone(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	limit := hourly("l", 100, Local)
	s := reserve(t, n, Charge{limit, "k", 60})
	loseRedis(t, n, server)
	s.Cost = 10
	if err := n.Settle(t.Context(), []Settlement{s}); err == nil {
		t.Error("settled without Redis, and no error")
	}
	findRedis(t, n, server)
	if s := peek(t, n, limit, "k"); s.Remaining != 40 {
		t.Errorf("in Redis: %+v", s)
	}
}

func TestAChargeMadeWithoutRedisIsSettledBeforeItIsReported(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	limit := hourly("l", 100, Local)
	eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
	loseRedis(t, n, server)
	alone, late := reserve(t, n, Charge{limit, "k", 60}), reserve(t, n, Charge{limit, "k", 20})
	settle(t, n, alone, 10)
	if s := peek(t, n, limit, "k"); s.Remaining != 70 {
		t.Errorf("without Redis: %+v", s)
	}
	findRedis(t, n, server)
	if s := peek(t, n, limit, "k"); s.Remaining != 70 {
		t.Errorf("in Redis: %+v", s)
	}
	// Too late: Redis knows it as a part of what was reported.
	settle(t, n, late, 0)
	if s := peek(t, n, limit, "k"); s.Remaining != 70 {
		t.Errorf("in Redis, after a settlement that is too late: %+v", s)
	}
}
