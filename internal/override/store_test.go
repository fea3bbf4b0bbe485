package override

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var (
	perMinute = window.Limit{Name: "l", Rate: 2, Window: time.Minute}
	whole     = Target{Limit: "l", Window: time.Minute}
)

// charge is one unit, charged to a key.
func charge(key string) window.Charge { return window.Charge{Limit: perMinute, Key: key, Cost: 1} }

// of is the target of one key.
func of(key string) Target {
	return Target{Limit: "l", Window: time.Minute, Key: window.IDOf(charge(key))}
}

// newStore returns a store in this process on a clock that the test moves.
func newStore(t *testing.T) (*Store, *clock) {
	t.Helper()
	now := newClock()
	store := NewStore(window.NewMemory(window.MemoryOptions{Clock: now.Now}), New(now.Now))
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store, now
}

// set puts an override in force for a time.
func set(t *testing.T, overrides *Overrides, o Override, lifetime time.Duration) {
	t.Helper()
	o.Until = overrides.clock().Add(lifetime)
	if _, _, err := overrides.Set(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// decide returns the state of the first charge.
func decide(t *testing.T, store window.Store, charges ...window.Charge) (allowed bool, first window.State) {
	t.Helper()
	verdict, err := store.Decide(t.Context(), charges)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Allowed, verdict.States[0]
}

func TestAnOverrideGivesAKeyAnotherRateUntilItEnds(t *testing.T) {
	store, now := newStore(t)
	set(t, store.Overrides(), Override{Target: of("alice"), Rate: 5}, time.Hour)
	if allowed, state := decide(t, store, charge("alice")); !allowed || state.Remaining != 4 || state.Limit.Rate != 5 {
		t.Errorf("with the override: %+v", state)
	}
	if _, state := decide(t, store, charge("bob")); state.Remaining != 1 || state.Limit.Rate != 2 {
		t.Errorf("another key: %+v", state)
	}
	now.Advance(time.Hour - time.Nanosecond)
	if _, state := decide(t, store, charge("alice")); state.Limit.Rate != 5 {
		t.Errorf("before the override ends: %+v", state)
	}
	now.Advance(time.Nanosecond)
	if _, state := decide(t, store, charge("alice")); state.Limit.Rate != 2 {
		t.Errorf("after the override has ended: %+v", state)
	}
	if store.Overrides().rules.Load() != nil {
		t.Error("an override that is over still costs decisions time")
	}
}

func TestThatOfAKeyGoesBeforeThatOfTheLimit(t *testing.T) {
	store, now := newStore(t)
	set(t, store.Overrides(), Override{Target: whole, Rate: 10}, 2*time.Hour)
	set(t, store.Overrides(), Override{Target: of("alice"), Rate: 3}, time.Hour)
	for key, want := range map[string]int64{"alice": 3, "bob": 10} {
		if _, state := decide(t, store, charge(key)); state.Limit.Rate != want {
			t.Errorf("%s has a rate of %d, want %d", key, state.Limit.Rate, want)
		}
	}
	now.Advance(time.Hour)
	if _, state := decide(t, store, charge("alice")); state.Limit.Rate != 10 {
		t.Errorf("when that of the key is over: %+v", state)
	}
	if before, had, err := store.Overrides().Remove(t.Context(), whole); err != nil || !had || before.Rate != 10 {
		t.Errorf("removed %+v, %v, %v", before, had, err)
	}
	if _, state := decide(t, store, charge("bob")); state.Limit.Rate != 2 {
		t.Errorf("when that of the limit was removed: %+v", state)
	}
}

func TestAnotherLimitIsNotChanged(t *testing.T) {
	store, _ := newStore(t)
	set(t, store.Overrides(), Override{Target: whole, Rate: 10}, time.Hour)
	for name, limit := range map[string]window.Limit{
		"another name":   {Name: "m", Rate: 2, Window: time.Minute},
		"another window": {Name: "l", Rate: 2, Window: time.Hour},
	} {
		if _, state := decide(t, store, window.Charge{Limit: limit, Key: "alice", Cost: 1}); state.Limit.Rate != 2 {
			t.Errorf("%s: %+v", name, state)
		}
	}
}

func TestABlockedKeyIsRefusedAndNothingIsCharged(t *testing.T) {
	store, _ := newStore(t)
	other := window.Charge{Limit: window.Limit{Name: "other", Rate: 9, Window: time.Hour}, Key: "all", Cost: 1}
	set(t, store.Overrides(), Override{Target: of("alice")}, time.Hour)
	charges := []window.Charge{charge("alice"), other}
	verdict, err := store.Decide(t.Context(), charges)
	if err != nil || verdict.Allowed {
		t.Fatalf("%+v, %v", verdict, err)
	}
	if s := verdict.States[0]; !s.Refused || s.Limit.Rate != 0 || s.RetryAfter != time.Hour || s.Never {
		t.Errorf("the blocked key: %+v", s)
	}
	if s := verdict.States[1]; s.Refused || s.Remaining != 9 {
		t.Errorf("the other limit: %+v", s)
	}
	if charges[0] != charge("alice") || charges[1] != other {
		t.Errorf("the caller's charges have changed: %+v", charges)
	}
	if allowed, _ := decide(t, store, charge("bob"), other); !allowed {
		t.Error("another key is blocked too")
	}
}

func TestABlockedKeyOfAShadowRefusesNothing(t *testing.T) {
	store, _ := newStore(t)
	shadow, other := charge("alice"), charge("bob")
	shadow.Limit.Shadow = true
	set(t, store.Overrides(), Override{Target: of("alice")}, time.Hour)
	verdict, err := store.Decide(t.Context(), []window.Charge{shadow, other})
	if err != nil || !verdict.Allowed || !verdict.States[0].Refused || verdict.States[1].Remaining != 1 {
		t.Errorf("%+v, %v", verdict, err)
	}
}

func TestAnUnlimitedKeyPassesAndIsCounted(t *testing.T) {
	store, _ := newStore(t)
	set(t, store.Overrides(), Override{Target: of("alice"), Unlimited: true}, time.Hour)
	for range 5 {
		if allowed, state := decide(t, store, charge("alice")); !allowed || state.Refused || !state.Limit.Shadow {
			t.Fatalf("%v %+v", allowed, state)
		}
	}
	if _, _, err := store.Overrides().Remove(t.Context(), of("alice")); err != nil {
		t.Fatal(err)
	}
	if allowed, _ := decide(t, store, charge("alice")); allowed {
		t.Error("what it has used meanwhile does not count")
	}
}

func TestWhoIsRefusedMostIsTold(t *testing.T) {
	store, now := newStore(t)
	began := now.Now()
	for range 3 {
		now.Advance(time.Second)
		decide(t, store, charge("alice"))
		decide(t, store, charge("alice"))
		decide(t, store, charge("bob"))
	}
	top, since := store.Refused(of("alice"), 9)
	if len(top) != 2 || top[0].Key != of("alice").Key || top[0].Count != 4 || top[1].Count != 1 {
		t.Errorf("%+v", top)
	}
	if !top[0].Last.Equal(now.Now()) || since.Before(began) {
		t.Errorf("last %v since %v", top[0].Last, since)
	}
	if top, _ := store.Refused(Target{Limit: "other", Window: time.Minute}, 9); top != nil {
		t.Errorf("another limit: %+v", top)
	}
}

func TestAnOverrideThatMakesNoSenseIsRefusedByTheNameOfItsField(t *testing.T) {
	overrides := New(newClock().Now)
	now := overrides.clock()
	good := Override{Target: whole, Rate: 5, Until: now.Add(time.Hour)}
	for field, change := range map[string]func(*Override){
		"limit:":                    func(o *Override) { o.Limit = "" },
		"window:":                   func(o *Override) { o.Window = time.Millisecond },
		"rate: -1 must":             func(o *Override) { o.Rate = -1 },
		"rate: 1000000000000000 ":   func(o *Override) { o.Rate = window.MaxRate + 1 },
		"rate: an override is":      func(o *Override) { o.Unlimited = true },
		"for: the override ends":    func(o *Override) { o.Until = now },
		"for: 721h0m0s is too long": func(o *Override) { o.Until = now.Add(MaxLifetime + time.Hour) },
		"reason: it must be one":    func(o *Override) { o.Reason = "two\nlines" },
		"reason: it must be":        func(o *Override) { o.Reason = strings.Repeat("x", MaxText+1) },
		"by: it must be":            func(o *Override) { o.By = "\xff" },
	} {
		o := good
		change(&o)
		_, _, err := overrides.Set(t.Context(), o)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("%v, want it to say %q", err, field)
		}
	}
	if all := overrides.All(); all != nil {
		t.Errorf("in force: %+v", all)
	}
}

func TestThereIsABoundOnOverrides(t *testing.T) {
	overrides := New(newClock().Now)
	for i := range MaxOverrides {
		target := whole
		target.Window += time.Duration(i) * time.Second
		set(t, overrides, Override{Target: target, Rate: 5}, time.Hour)
	}
	// in the place of another
	set(t, overrides, Override{Target: whole, Rate: 6}, time.Hour)
	one := Override{Target: of("alice"), Rate: 5, Until: overrides.clock().Add(time.Hour)}
	if _, _, err := overrides.Set(t.Context(), one); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
}

func TestNoOverrideCostsADecisionNoAllocation(t *testing.T) {
	plain := window.NewMemory(window.MemoryOptions{})
	store := NewStore(window.NewMemory(window.MemoryOptions{}), New(nil))
	limit := window.Limit{Name: "l", Rate: window.MaxRate, Window: time.Hour}
	charges := []window.Charge{{Limit: limit, Key: "k", Cost: 1}}
	count := func(s window.Store) float64 {
		return testing.AllocsPerRun(1000, func() {
			if _, err := s.Decide(t.Context(), charges); err != nil {
				t.Fatal(err)
			}
		})
	}
	if want, got := count(plain), count(store); got > want {
		t.Errorf("%v allocations a decision, and %v without overrides", got, want)
	}
}

func TestAnOverrideIsDescribedAsAConfigWouldSayIt(t *testing.T) {
	for want, o := range map[string]Override{
		"600/1m":    {Target: Target{Window: time.Minute}, Rate: 600},
		"5/24h":     {Target: Target{Window: 24 * time.Hour}, Rate: 5},
		"5/1h30m":   {Target: Target{Window: 90 * time.Minute}, Rate: 5},
		"5/10s":     {Target: Target{Window: 10 * time.Second}, Rate: 5},
		"5/1m1.5s":  {Target: Target{Window: 61500 * time.Millisecond}, Rate: 5},
		"unlimited": {Unlimited: true},
		"blocked":   {},
	} {
		if got := o.Describe(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAnOverrideLeavesALimitThatCanBeCounted(t *testing.T) {
	bucket := window.Limit{Name: "l", Rate: 60, Window: time.Minute, Algorithm: window.TokenBucket, Burst: 10}
	log := window.Limit{Name: "l", Rate: 60, Window: time.Minute, Algorithm: window.SlidingLog}
	for name, c := range map[string]struct {
		limit       window.Limit
		o           Override
		rate, burst int64
	}{
		"a bucket gets a burst to its rate": {bucket, Override{Rate: 600}, 600, 100},
		"a bucket keeps a burst":            {bucket, Override{Rate: 1}, 1, 1},
		"more than a bucket can count":      {bucket, Override{Rate: window.MaxRate}, 60, 10},
		"a log":                             {log, Override{Rate: 30}, 30, 0},
		"more than a log can count":         {log, Override{Rate: window.MaxRate}, 60, 0},
		"a log without a limit":             {log, Override{Unlimited: true}, 60, 0},
		"a sliding window without a limit":  {perMinute, Override{Unlimited: true}, window.MaxRate, 0},
	} {
		got := c.o.Changed(c.limit)
		if got.Validate() != nil || got.Rate != c.rate || got.Burst != c.burst || got.Shadow != c.o.Unlimited {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
