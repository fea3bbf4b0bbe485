package breaker

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("connection refused")

// longest is over any open period of the settings: its jitter is at most a
// fifth.
func longest(period time.Duration) time.Duration { return period + period/5 + time.Nanosecond }

// fail makes n attempts that fail, all of which must be admitted.
func fail(t *testing.T, b *Breaker, n int) {
	t.Helper()
	for range n {
		admit(t, b).Failure(errDown)
	}
}

func admit(t *testing.T, b *Breaker) *Permit {
	t.Helper()
	if !b.Ready() {
		t.Fatalf("not ready: %+v", b.Snapshot())
	}
	p := b.Allow()
	if p == nil {
		t.Fatalf("refused: %+v", b.Snapshot())
	}
	return p
}

func refuse(t *testing.T, b *Breaker) {
	t.Helper()
	if b.Ready() {
		t.Errorf("ready: %+v", b.Snapshot())
	}
	if b.Allow() != nil {
		t.Fatalf("admitted: %+v", b.Snapshot())
	}
}

func inState(t *testing.T, b *Breaker, want State) {
	t.Helper()
	if got := b.Snapshot().State; got != want {
		t.Fatalf("state = %v, want %v", got, want)
	}
}

func TestOpensAfterFailuresInARow(t *testing.T) {
	b := New("u", Settings{TripAfter: 3}, nil)
	fail(t, b, 2)
	admit(t, b).Success()
	fail(t, b, 2)
	inState(t, b, Closed)
	if got := b.Snapshot().Failures; got != 2 {
		t.Errorf("failures = %d, want 2", got)
	}
	fail(t, b, 1)
	inState(t, b, Open)
	refuse(t, b)
	if got := b.Snapshot().LastFailure; got != errDown.Error() {
		t.Errorf("last failure = %q", got)
	}
}

func TestReleasedPermitsAreNeitherSuccessNorFailure(t *testing.T) {
	b := New("u", Settings{TripAfter: 3}, nil)
	fail(t, b, 2)
	for range 10 {
		admit(t, b).Release()
	}
	inState(t, b, Closed)
	fail(t, b, 1)
	inState(t, b, Open)
}

func TestAPermitIsSettledOnce(t *testing.T) {
	b := New("u", Settings{TripAfter: 2}, nil)
	p := admit(t, b)
	for range 5 {
		p.Failure(errDown)
	}
	inState(t, b, Closed)

	p = admit(t, b)
	p.Release()
	p.Failure(errDown)
	inState(t, b, Closed)
}

func TestOpenPeriodDoublesUpToItsMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1, OpenFor: time.Second, OpenMax: 5 * time.Second}, nil)
		fail(t, b, 1)
		for _, want := range []time.Duration{1, 2, 4, 5, 5} {
			want *= time.Second
			period := time.Until(b.Snapshot().ProbeAt)
			if period < want || period > want+want/5 {
				t.Fatalf("open for %v, want %v plus at most a fifth", period, want)
			}
			time.Sleep(period - time.Nanosecond)
			refuse(t, b)
			time.Sleep(time.Nanosecond)
			fail(t, b, 1)
			inState(t, b, Open)
		}
	})
}

func TestTheNextOutageStartsWithTheShortestPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1, OpenFor: time.Second}, nil)
		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		fail(t, b, 1)
		time.Sleep(longest(2 * time.Second))
		admit(t, b).Success()
		inState(t, b, Closed)
		fail(t, b, 1)
		if period := time.Until(b.Snapshot().ProbeAt); period > longest(time.Second) {
			t.Errorf("open for %v after a recovery", period)
		}
	})
}

func TestHalfOpenAdmitsExactlyItsProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1, HalfOpen: 2}, nil)
		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		first, second := admit(t, b), admit(t, b)
		if !first.Probe() || !second.Probe() {
			t.Error("permits of a half-open breaker are probes")
		}
		refuse(t, b)

		first.Release()
		third := admit(t, b)
		refuse(t, b)

		third.Success()
		inState(t, b, HalfOpen)
		refuse(t, b) // a success keeps its place: both are needed, no more
		second.Success()
		inState(t, b, Closed)
	})
}

func TestOneFailedProbeOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1, HalfOpen: 3}, nil)
		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		late := admit(t, b)
		admit(t, b).Success()
		admit(t, b).Failure(errDown)
		inState(t, b, Open)
		late.Success()
		inState(t, b, Open)
	})
}

func TestALeakedProbeDoesNotWedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1, ProbeTimeout: 10 * time.Second}, nil)
		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		leaked := admit(t, b)
		refuse(t, b)
		time.Sleep(10*time.Second - time.Nanosecond)
		refuse(t, b)
		time.Sleep(time.Nanosecond)
		probe := admit(t, b)
		leaked.Failure(errDown)
		inState(t, b, HalfOpen)
		probe.Success()
		inState(t, b, Closed)
	})
}

func TestOutcomesOfAnEarlierStateDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1}, nil)
		slow, slower := admit(t, b), admit(t, b)
		fail(t, b, 1)
		slow.Success()
		inState(t, b, Open)
		time.Sleep(longest(time.Second))
		slower.Failure(errDown)
		inState(t, b, Open)
		if got := b.Snapshot().Openings; got != 1 {
			t.Errorf("openings = %d, want 1", got)
		}
		admit(t, b).Success()
		inState(t, b, Closed)
	})
}

func TestALateFailureCounts(t *testing.T) {
	b := New("u", Settings{TripAfter: 2}, nil)
	b.Fail(errDown)
	inState(t, b, Closed)
	b.Fail(nil)
	inState(t, b, Open)
	b.Fail(errDown)
	if got := b.Snapshot().Openings; got != 1 {
		t.Errorf("openings = %d, want 1", got)
	}
}

func TestChangesAreToldInOrderAndWithoutALock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Change
		var b *Breaker
		b = New("u", Settings{TripAfter: 1}, func(c Change) {
			if b.Snapshot().State != c.To { // would deadlock under the lock
				t.Errorf("told of %v while %v", c.To, b.Snapshot().State)
			}
			told = append(told, c)
		})
		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		admit(t, b).Success()
		want := []Change{
			{"u", Closed, Open, errDown},
			{"u", Open, HalfOpen, nil},
			{"u", HalfOpen, Closed, nil},
		}
		if !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestConfigureKeepsTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 2, OpenFor: time.Second}, nil)
		fail(t, b, 1)
		b.Configure(Settings{TripAfter: 2, OpenFor: 3 * time.Second})
		fail(t, b, 1)
		inState(t, b, Open)
		if period := time.Until(b.Snapshot().ProbeAt); period < 3*time.Second {
			t.Errorf("open for %v, want the new open_for", period)
		}
		b.Configure(Settings{OpenFor: time.Minute})
		inState(t, b, Open)
	})
}

func TestAChangedNumberOfProbesWaitsForTheClosedState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New("u", Settings{TripAfter: 1}, nil)
		fail(t, b, 1)
		b.Configure(Settings{TripAfter: 1, HalfOpen: 2})
		time.Sleep(longest(time.Second))
		probe := admit(t, b)
		refuse(t, b)
		probe.Success()
		inState(t, b, Closed)

		fail(t, b, 1)
		time.Sleep(longest(time.Second))
		probes := []*Permit{admit(t, b), admit(t, b)}
		refuse(t, b)
		for _, p := range probes {
			p.Success()
		}
		inState(t, b, Closed)
	})
}

func TestConcurrentUseNeverExceedsTheProbes(t *testing.T) {
	b := New("u", Settings{TripAfter: 1, OpenFor: time.Millisecond, OpenMax: time.Millisecond, HalfOpen: 2}, nil)
	var mu sync.Mutex
	var most, total int
	// by epoch: a probe of an earlier one holds no place
	probing := make(map[uint64]int)
	count := func(p *Permit, delta int) {
		mu.Lock()
		defer mu.Unlock()
		probing[p.epoch] += delta
		most = max(most, probing[p.epoch])
		total++
	}
	enough := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return total >= 100
	}
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := worker; !enough(); i++ {
				p := b.Allow()
				if p == nil {
					runtime.Gosched()
					continue
				}
				if p.Probe() {
					count(p, +1)
					runtime.Gosched()
					count(p, -1)
				}
				switch i % 3 {
				case 0:
					p.Success()
				case 1:
					p.Failure(errDown)
				default:
					p.Release()
				}
			}
		})
	}
	workers.Wait()
	if most > 2 {
		t.Errorf("%d probes at once, want at most 2", most)
	}
}

func TestSettingsAreValidated(t *testing.T) {
	if err := (Settings{}).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	if err := (Settings{OpenFor: time.Minute}).Validate(); err != nil {
		t.Errorf("a long open_for alone: %v", err)
	}
	for name, s := range map[string]Settings{
		"negative open_for":      {OpenFor: -1},
		"open_for in ns":         {OpenFor: 10},
		"open_max under":         {OpenFor: time.Second, OpenMax: time.Millisecond},
		"negative probe_timeout": {ProbeTimeout: -time.Second},
	} {
		if s.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestStatesHaveNames(t *testing.T) {
	for state, want := range map[State]string{Closed: "closed", HalfOpen: "half-open", Open: "open"} {
		if got, err := state.MarshalText(); err != nil || string(got) != want {
			t.Errorf("%d = %s, %v", state, got, err)
		}
	}
}

func BenchmarkAttempt(b *testing.B) {
	breaker := New("u", Settings{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if p := breaker.Allow(); p != nil {
			p.Success()
		}
	}
}
