package window

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/redistest"
)

// central is a store that nodes share. It counts what it is asked, and may lose
// answers.
type central struct {
	Store
	asked atomic.Int64
	loses func() bool
}

var errLost = errors.New("the answer was lost")

func (c *central) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	c.asked.Add(1)
	verdict, err := c.Store.Decide(ctx, charges)
	if c.loses != nil && c.loses() {
		return Verdict{}, errLost
	}
	return verdict, err
}

func (*central) Connect(context.Context) error                                   { return nil }
func (*central) Join(context.Context, string, time.Duration) (int, error)        { return 3, nil }
func (*central) Eval(context.Context, Script, []string, ...any) ([]int64, error) { return nil, nil }

// newLeases returns a node of the store, on the clock.
func newLeases(shared Shared, clock *testClock) *Leases {
	l := NewLeases(shared)
	l.clock = clock.Now
	return l
}

func leasedLimit(rate int64) Limit {
	return Limit{Name: "hot", Rate: rate, Window: time.Minute, Lease: 250 * time.Millisecond}
}

// TestNoWindowOfLeasedUnitsHoldsMoreThanTheRate plays nodes that come, die and
// lose answers, and whose clocks are a little off, against an exact log.
func TestNoWindowOfLeasedUnitsHoldsMoreThanTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := newClock()
		shared := &central{Store: NewMemory(MemoryOptions{Clock: clock.Now})}
		limit := leasedLimit(rapid.Int64Range(1, 300).Draw(t, "rate"))
		limit.Lease = time.Duration(rapid.IntRange(10, 5000).Draw(t, "lease")) * time.Millisecond
		other := perMinute("other", 1000)
		lost := rapid.IntRange(0, 19)
		shared.loses = func() bool { return lost.Draw(t, "lost") == 0 }
		node := func() *Leases {
			off := time.Duration(rapid.IntRange(-30, 30).Draw(t, "off")) * time.Millisecond
			l := NewLeases(shared)
			l.clock = func() time.Time { return clock.Now().Add(off) }
			return l
		}
		nodes := []*Leases{node(), node(), node()}
		var log exactLog
		decide := func(t *rapid.T, cost int64) {
			l := nodes[rapid.IntRange(0, 2).Draw(t, "node")]
			verdict, err := l.Decide(context.Background(), []Charge{{limit, "k", cost}, {other, "k", 1}})
			l.work.Wait()
			if errors.Is(err, errLost) || err == nil && !verdict.Allowed {
				return // It was not granted, whether or not it was charged.
			}
			if err != nil {
				t.Fatal(err)
			}
			now := moment{clock.Now(), clock.Now()}
			log = append(log, use{now, cost})
			if sum := log.surely(now, limit.Window); sum > limit.Rate {
				t.Fatalf("%d of %d in a window", sum, limit.Rate)
			}
		}
		burst := func(t *rapid.T) {
			every := time.Duration(rapid.SampledFrom([]int{0, 1, 10, 100}).Draw(t, "every ms")) * time.Millisecond
			for range rapid.IntRange(1, 60).Draw(t, "requests") {
				decide(t, 1)
				clock.Advance(every)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"one":   func(t *rapid.T) { decide(t, rapid.Int64Range(0, limit.Rate/4).Draw(t, "cost")) },
			"burst": burst, "again": burst, "more": burst,
			"lease":  func(t *rapid.T) { clock.Advance(limit.Lease - 40*time.Millisecond) },
			"window": func(t *rapid.T) { clock.Advance(limit.Window - limit.Lease) },
			"run": func(t *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(0, 9000).Draw(t, "ms")) * time.Millisecond)
			},
			"die": func(t *rapid.T) { nodes[rapid.IntRange(0, 2).Draw(t, "node")] = node() },
		})
		for _, l := range nodes {
			l.work.Wait()
		}
	})
}

// steady has a node asked once a millisecond for two minutes, and returns how
// many of the requests in the second were granted.
func steady(t *testing.T, l *Leases, clock *testClock, limit Limit) (granted int) {
	t.Helper()
	for ms := range 120_000 {
		clock.Advance(time.Millisecond)
		if decide(t, l, Charge{limit, "k", 1}).Allowed && ms >= 60_000 {
			granted++
		}
	}
	l.work.Wait()
	return granted
}

func TestALeaseCostsFewRoundTrips(t *testing.T) {
	clock := newClock()
	shared := &central{Store: NewMemory(MemoryOptions{Clock: clock.Now})}
	if granted := steady(t, newLeases(shared, clock), clock, leasedLimit(1_000_000)); granted != 60_000 {
		t.Errorf("%d of 60000 were granted, and there was room for all", granted)
	}
	if asked := shared.asked.Load(); asked > 120_000/100 {
		t.Errorf("%d round trips for 120000 requests, want one in a hundred at most", asked)
	}
}

func TestASteadySenderGetsNearlyTheWholeRateFromLeases(t *testing.T) {
	clock := newClock()
	shared := &central{Store: NewMemory(MemoryOptions{Clock: clock.Now})}
	const rate = 30_000 // half of what is asked for
	if granted := steady(t, newLeases(shared, clock), clock, leasedLimit(rate)); granted < rate*97/100 {
		t.Errorf("%d were granted in a minute, want 97 %% of %d at least", granted, rate)
	}
}

func TestWhatIsLeftOfALeaseIsGivenBack(t *testing.T) {
	clock := newClock()
	shared := clockedShared(t, clock)
	l, limit := newLeases(shared, clock), leasedLimit(1000)
	for range 100 { // The lease grows with the demand.
		decide(t, l, Charge{limit, "k", 1})
		clock.Advance(time.Millisecond)
	}
	clock.Advance(time.Second)
	decide(t, l, Charge{limit, "k", 1})
	l.work.Wait()
	if s := peek(t, shared, counted(Charge{Limit: limit}).Limit, "k"); s.Remaining < 1000-101-5 {
		t.Errorf("101 were used, but %d are left", s.Remaining)
	}
}

// clockedShared is a real Redis on the clock.
func clockedShared(t *testing.T, clock *testClock) Shared {
	return newClockedRedis(t, redistest.Start(t).Client(), clock)
}

func TestALeaseGetsBackWhatAnotherLimitRefuses(t *testing.T) {
	clock := newClock()
	l := newLeases(clockedShared(t, clock), clock)
	hot, full := leasedLimit(1000), perMinute("full", 20)
	granted := 0
	for range 200 {
		if decide(t, l, Charge{hot, "k", 1}, Charge{full, "k", 1}).Allowed {
			granted++
		}
	}
	if granted != 20 {
		t.Fatalf("%d were granted, want 20", granted)
	}
	l.work.Wait()
	verdict := decide(t, l, Charge{hot, "k", 0})
	if used := 1000 - verdict.States[0].Remaining; used > 20*4+20 {
		t.Errorf("20 were granted, but %d are charged", used)
	}
}

func TestALeaseTellsOfItsLimitAndNotOfWhatIsCounted(t *testing.T) {
	clock := newClock()
	l, limit := newLeases(clockedShared(t, clock), clock), leasedLimit(100)
	for i := range 30 {
		for _, s := range decide(t, l, Charge{limit, "k", 1}).States {
			if s.Limit != limit || s.Remaining != int64(99-i) || s.At.IsZero() || s.Reset <= 0 || s.Reset > 63*time.Second {
				t.Errorf("request %d: %+v", i+1, s)
			}
		}
	}
}

func TestAKeyThatIsForgottenHasNoLease(t *testing.T) {
	clock := newClock()
	l, limit := newLeases(clockedShared(t, clock), clock), leasedLimit(20)
	for decide(t, l, Charge{limit, "k", 1}).Allowed {
	}
	if err := l.Forget(t.Context(), Charge{Limit: limit, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if v := decide(t, l, Charge{limit, "k", 20}); !v.Allowed {
		t.Errorf("all of the rate is free again: %+v", v)
	}
}

func TestAKeyWithALeaseIsFoundByTheIDOfItsWindow(t *testing.T) {
	clock := newClock()
	leases := newLeases(clockedShared(t, clock), clock)
	limit := leasedLimit(100)
	decide(t, leases, Charge{limit, "k", 3})
	byID := Charge{limit, IDOf(Charge{Limit: limit, Key: "k"}).Key(), 0}
	if v := decide(t, leases, byID); v.States[0].Remaining != 97 {
		t.Errorf("by its ID: %+v", v.States[0])
	}
	if err := leases.Forget(t.Context(), byID); err != nil {
		t.Fatal(err)
	}
	if v := decide(t, leases, Charge{limit, "k", 0}); v.States[0].Remaining != 100 {
		t.Errorf("after it was forgotten by its ID: %+v", v.States[0])
	}
}

func TestALeaseIsNoLongerThanItsWindowAllows(t *testing.T) {
	for _, c := range []struct{ window, lease, want time.Duration }{
		{time.Minute, 0, 0},
		{time.Minute, time.Second, time.Second},
		{time.Second, time.Second, time.Second / 2},
		{MaxWindow, time.Second, 0},
		{MaxWindow - time.Second - leaseDrift, time.Second, time.Second},
	} {
		limit := Limit{Name: "l", Rate: 1, Window: c.window, Lease: c.lease}
		if got := limit.lease(); got != c.want {
			t.Errorf("a lease of %v in %v is %v, want %v", c.lease, c.window, got, c.want)
		}
		if err := counted(Charge{Limit: limit}).Limit.Validate(); err != nil {
			t.Errorf("what is counted of %v in %v: %v", c.lease, c.window, err)
		}
	}
}

func TestLeasesOfOneDecisionAreRenewedTogether(t *testing.T) {
	clock := newClock()
	shared := &central{Store: NewMemory(MemoryOptions{Clock: clock.Now})}
	l := newLeases(shared, clock)
	limits := []Limit{leasedLimit(1_000_000), leasedLimit(1_000_000), leasedLimit(1_000_000)}
	limits[1].Name, limits[2].Name = "warm", "warmer"
	for ms := range 60_000 {
		clock.Advance(time.Millisecond)
		charges := []Charge{{limits[0], "k", 1}, {limits[1], "k", 2}}
		if ms%3 == 0 {
			charges = append(charges, Charge{limits[2], "k", 1})
		}
		decide(t, l, charges...)
	}
	l.work.Wait()
	// One lease alone is renewed 240 times.
	if asked := shared.asked.Load(); asked > 500 {
		t.Errorf("%d round trips for 60000 requests of three limits", asked)
	}
}

func TestWhatWasGrantedWithoutRedisIsChargedToTheLeasedWindow(t *testing.T) {
	clock := newClock()
	l, limit := newLeases(clockedShared(t, clock), clock), leasedLimit(100)
	var u unreported
	u.add(Charge{limit, "k", 30}, clock.Now())
	if err := u.report(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if s := peek(t, l, limit, "k"); s.Remaining != 70 {
		t.Errorf("30 of 100 were granted: %+v", s)
	}
}
