package slots

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	alice = Network(netip.MustParseAddr("192.0.2.1"))
	bob   = Network(netip.MustParseAddr("192.0.2.2"))
)

func TestANetworkHasItsShareAndNoMore(t *testing.T) {
	s := New(Bounds{Each: 2, All: 3})
	for _, step := range []struct {
		key  netip.Prefix
		want error
	}{{alice, nil}, {alice, nil}, {alice, ErrEach}, {bob, nil}, {bob, ErrAll}} {
		if err := s.TryAcquire(step.key); !errors.Is(err, step.want) {
			t.Fatalf("%s: %v, want %v", step.key, err, step.want)
		}
	}
	s.Release(alice)
	if err := s.TryAcquire(bob); err != nil {
		t.Errorf("after a slot was given back: %v", err)
	}
}

func TestNetworksThatWaitTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Bounds{Each: 5, All: 1, Waiting: 10})
		if err := s.TryAcquire(alice); err != nil {
			t.Fatal(err)
		}
		var order []string
		wait := func(name string, key netip.Prefix) {
			go func() {
				if err := s.Acquire(t.Context(), key); err != nil {
					t.Error(err)
				}
				order = append(order, name)
				s.Release(key)
			}()
			synctest.Wait()
		}
		wait("alice", alice)
		wait("alice", alice)
		wait("alice", alice)
		wait("bob", bob)
		s.Release(alice)
		synctest.Wait()
		if len(order) != 4 || order[1] != "bob" {
			t.Errorf("served %v, want bob second", order)
		}
		if use := s.Use(); use != (Use{}) || len(s.networks) != 0 || s.turns.Len() != 0 {
			t.Errorf("left over: %+v, %d networks, %d turns", use, len(s.networks), s.turns.Len())
		}
	})
}

func TestOneNetworksQueueKeepsNobodyElseWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Bounds{Each: 1, All: 3, Waiting: 10})
		if err := s.TryAcquire(alice); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			go func() { _ = s.Acquire(ctx, alice) }()
		}
		synctest.Wait()
		if err := s.Acquire(t.Context(), bob); err != nil {
			t.Errorf("bob: %v", err)
		}
		cancel()
	})
}

func TestWaitingEndsWithTheContextAndSaysWhatWasInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Bounds{Each: 1, All: 2, Waiting: 1})
		if err := s.TryAcquire(alice); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		if err := s.Acquire(ctx, alice); !errors.Is(err, ErrEach) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if use := s.Use(); use != (Use{Held: 1}) {
			t.Errorf("left over: %+v", use)
		}
	})
}

func TestTooManyDoNotWait(t *testing.T) {
	s := New(Bounds{Each: 1, All: 1})
	if err := s.Acquire(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	if err := s.Acquire(t.Context(), bob); !errors.Is(err, ErrAll) {
		t.Errorf("err = %v, want %v at once", err, ErrAll)
	}
}

func TestUnderLoadTheBoundsHoldAndNothingIsLeft(t *testing.T) {
	const each, all = 3, 5
	s := New(Bounds{Each: each, All: all, Waiting: 20})
	var held [4]atomic.Int64
	var total atomic.Int64
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			who := worker % len(held)
			key := Network(netip.AddrFrom4([4]byte{10, 0, 0, byte(who)}))
			for range 300 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Microsecond)
				err := s.Acquire(ctx, key)
				cancel()
				if err != nil {
					continue
				}
				if held[who].Add(1) > each || total.Add(1) > all {
					t.Error("more slots are held than there are")
				}
				total.Add(-1)
				held[who].Add(-1)
				s.Release(key)
			}
		})
	}
	wg.Wait()
	if use := s.Use(); use != (Use{}) || len(s.networks) != 0 || s.turns.Len() != 0 {
		t.Errorf("left over: %+v, %d networks, %d turns", use, len(s.networks), s.turns.Len())
	}
}

func TestAddressesOfOneClientAreOneNetwork(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"IPv4 neighbours":  {"192.0.2.1", "192.0.2.2", false},
		"IPv4 mapped":      {"192.0.2.1", "::ffff:192.0.2.1", true},
		"IPv6 of one /64":  {"2001:db8::1", "2001:db8::2:0:0:1", true},
		"IPv6 of two /64":  {"2001:db8::1", "2001:db8:0:1::1", false},
		"IPv6 with a zone": {"fe80::1%eth0", "fe80::2", true},
	} {
		if same := Network(netip.MustParseAddr(c.a)) == Network(netip.MustParseAddr(c.b)); same != c.same {
			t.Errorf("%s: same = %v", name, same)
		}
	}
	if got := Network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address gives %v", got)
	}
}
