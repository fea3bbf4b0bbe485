package nonce_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

func TestMemory(t *testing.T) {
	conform(t, func(*testing.T) nonce.Store { return nonce.NewMemory(0, nil) })
}

func TestRedis(t *testing.T) {
	server := redistest.Start(t)
	stores := 0
	conform(t, func(t *testing.T) nonce.Store {
		stores++
		return redisStore(t, server, fmt.Sprintf("test%d", stores))
	})
}

func redisStore(t *testing.T, server *redistest.Server, prefix string) *nonce.Redis {
	t.Helper()
	client, err := redisconn.Open(server.URL(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return nonce.NewRedis(client, prefix, 0)
}

// conform is what every store does. Each test gets an empty one.
func conform(t *testing.T, open func(*testing.T) nonce.Store) {
	t.Run("a nonce is fresh once", func(t *testing.T) {
		store := open(t)
		use(t, store, "key", "n", time.Minute, true)
		use(t, store, "key", "n", time.Minute, false)
		use(t, store, "key", "n", time.Minute, false)
	})
	t.Run("scopes are apart", func(t *testing.T) {
		store := open(t)
		use(t, store, "ab", "c", time.Minute, true)
		use(t, store, "a", "bc", time.Minute, true)
		use(t, store, "", "abc", time.Minute, true)
	})
	t.Run("a replay does not prolong", func(t *testing.T) {
		store := open(t)
		const ttl = 300 * time.Millisecond
		began := time.Now()
		use(t, store, "key", "n", ttl, true)
		deadline := time.Now().Add(10 * time.Second)
		for {
			fresh, err := store.Use(t.Context(), "key", "n", ttl)
			if err != nil {
				t.Fatal(err)
			}
			if fresh {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the nonce is never fresh again")
			}
		}
		if took := time.Since(began); took < ttl-time.Millisecond {
			t.Errorf("forgotten after %v, before its time", took)
		}
	})
	t.Run("of many at once one is fresh", func(t *testing.T) {
		store := open(t)
		var fresh atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				ok, err := store.Use(t.Context(), "key", "n", time.Minute)
				if err != nil {
					t.Errorf("use: %v", err)
				}
				if ok {
					fresh.Add(1)
				}
			})
		}
		all.Wait()
		if fresh.Load() != 1 {
			t.Errorf("%d were fresh, want 1", fresh.Load())
		}
	})
	t.Run("agrees with a set", func(t *testing.T) {
		store := open(t)
		seen := map[[2]string]bool{}
		rapid.Check(t, func(t *rapid.T) {
			scope, n := rapid.StringN(0, 4, -1).Draw(t, "scope"), rapid.StringN(0, 4, -1).Draw(t, "nonce")
			fresh, err := store.Use(context.Background(), scope, n, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if fresh == seen[[2]string{scope, n}] {
				t.Fatalf("fresh is %v for (%q, %q), seen before: %v", fresh, scope, n, !fresh)
			}
			seen[[2]string{scope, n}] = true
		})
	})
}

func use(t *testing.T, store nonce.Store, scope, n string, ttl time.Duration, want bool) {
	t.Helper()
	fresh, err := store.Use(t.Context(), scope, n, ttl)
	if err != nil {
		t.Fatalf("use of (%q, %q): %v", scope, n, err)
	}
	if fresh != want {
		t.Fatalf("use of (%q, %q): fresh is %v, want %v", scope, n, fresh, want)
	}
}

func TestMemoryForgetsAtTheMomentOfExpiryAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := nonce.NewMemory(0, nil)
		use(t, store, "key", "n", time.Minute, true)
		time.Sleep(time.Minute - time.Nanosecond)
		use(t, store, "key", "n", time.Minute, false)
		time.Sleep(time.Nanosecond)
		use(t, store, "key", "n", time.Minute, true)
	})
}

func TestMemoryRefusesRatherThanForgetWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := nonce.NewMemory(2, nil)
		use(t, store, "key", "long", time.Hour, true)
		use(t, store, "key", "short", time.Minute, true)
		if _, err := store.Use(t.Context(), "key", "third", time.Minute); !errors.Is(err, nonce.ErrFull) {
			t.Fatalf("error is %v, want %v", err, nonce.ErrFull)
		}
		use(t, store, "key", "long", time.Hour, false) // a replay is known even now
		time.Sleep(time.Minute)
		use(t, store, "key", "third", time.Minute, true)
		use(t, store, "key", "long", time.Hour, false)
		if store.Len() != 2 {
			t.Errorf("%d nonces are held, want 2", store.Len())
		}
	})
}

func TestRedisIsSharedBetweenGateways(t *testing.T) {
	server := redistest.Start(t)
	one, two := redisStore(t, server, "shared"), redisStore(t, server, "shared")
	use(t, one, "key", "n", time.Minute, true)
	use(t, two, "key", "n", time.Minute, false)
}

func TestRedisKeepsNoNonceInClear(t *testing.T) {
	server := redistest.Start(t)
	use(t, redisStore(t, server, "test"), "key", "very-secret-nonce", time.Minute, true)
	keys, err := server.Client().Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || len(keys[0]) != len("test:nonce:")+43 {
		t.Fatalf("keys are %q, want one of a prefix and a hash", keys)
	}
	ttl, err := server.Client().PTTL(t.Context(), keys[0]).Result()
	if err != nil || ttl <= 0 || ttl > time.Minute {
		t.Errorf("the key lives for %v (error %v), want at most a minute", ttl, err)
	}
}

// A store that cannot answer must say so soon: the request waits.
func TestRedisOutOfReachIsAQuickError(t *testing.T) {
	for name, fail := range map[string]func(*redistest.Server){
		"killed": (*redistest.Server).Kill,
		"paused": (*redistest.Server).Pause,
		"full": func(s *redistest.Server) {
			if err := s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, "--maxmemory-policy", "noeviction")
			store := redisStore(t, server, "test")
			use(t, store, "key", "before", time.Minute, true)
			fail(server)
			began := time.Now()
			fresh, err := store.Use(t.Context(), "key", "n", time.Minute)
			if fresh || !errors.Is(err, nonce.ErrUnavailable) {
				t.Fatalf("fresh %v, error %v; want %v", fresh, err, nonce.ErrUnavailable)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %v to fail", took)
			}
		})
	}
}

func TestRedisRecovers(t *testing.T) {
	server := redistest.Start(t)
	store := redisStore(t, server, "test")
	server.Pause()
	if _, err := store.Use(t.Context(), "key", "n", time.Minute); !errors.Is(err, nonce.ErrUnavailable) {
		t.Fatalf("error is %v, want %v", err, nonce.ErrUnavailable)
	}
	server.Resume()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := store.Use(t.Context(), "key", "another", time.Minute); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the store did not recover")
		}
	}
}
