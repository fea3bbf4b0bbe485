package window

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

func newRedis(t testing.TB, client redis.UniversalClient) *Redis {
	t.Helper()
	store, err := NewRedis(client, RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestRedisSharesWindowsBetweenClients(t *testing.T) {
	server := redistest.Start(t)
	stores := []*Redis{newRedis(t, server.Client()), newRedis(t, server.Client())}
	limit := Limit{Name: "l", Rate: 100, Window: time.Hour}
	granted := hammer(t, 16, 50, func(g int) (Verdict, error) {
		return stores[g%len(stores)].Decide(t.Context(), []Charge{{limit, "k", 1}})
	})
	if granted != 100 {
		t.Errorf("two clients were granted %d of a limit of 100", granted)
	}
}

func TestRedisDecidesOnTheServersClock(t *testing.T) {
	store := newRedis(t, redistest.Start(t).Client())
	limit := Limit{Name: "l", Rate: 1, Window: MinWindow}
	start := time.Now()
	v := decide(t, store, Charge{limit, "k", 1})
	if reset := v.States[0].Reset; reset < time.Second || reset > time.Second*61/60+time.Millisecond {
		t.Fatalf("a use in a window of 1 s leaves in %v", reset)
	}
	for !decide(t, store, Charge{limit, "k", 1}).Allowed {
		if time.Since(start) > 20*time.Second {
			t.Fatal("the window never came free")
		}
	}
	if elapsed := time.Since(start); elapsed < time.Second-time.Millisecond {
		t.Errorf("two units in a window of 1 s: %v apart", elapsed)
	}
}

func TestRedisSurvivesTheLossOfItsScripts(t *testing.T) {
	client := redistest.Start(t).Client()
	store := newRedis(t, client)
	limit := perMinute("l", 10)
	for want := int64(9); want >= 7; want-- {
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if v := decide(t, store, Charge{limit, "k", 1}); v.States[0].Remaining != want {
			t.Fatalf("after SCRIPT FLUSH: %+v, want %d left", v, want)
		}
	}
}

func TestRedisMakesOneRoundTripADecision(t *testing.T) {
	client := redistest.Start(t).Client()
	hook := new(roundTrips)
	client.AddHook(hook)
	store := newRedis(t, client)
	charges := []Charge{{perMinute("a", 100), "k", 1}, {perMinute("b", 100), "k", 1}, {perMinute("c", 100), "all", 1}}
	for range 10 {
		decide(t, store, charges...)
	}
	if n := hook.n.Load(); n != 10 {
		t.Errorf("10 decisions took %d round trips, from the first", n)
	}
}

func TestRedisKeysAreHashedSmallAndExpire(t *testing.T) {
	clock := newClock()
	client := redistest.Start(t).Client()
	store := newClockedRedis(t, client, clock)
	limit := perMinute("user", 100_000)
	for range 61 {
		decide(t, store, Charge{limit, "alice@example.org", 999})
		clock.Advance(time.Second)
	}
	keys, err := client.Keys(t.Context(), "*:user:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v; want one", keys, err)
	}
	if strings.Contains(keys[0], "alice") {
		t.Errorf("the key %q gives away whose it is", keys[0])
	}
	if bytes := client.MemoryUsage(t.Context(), keys[0], 0).Val(); bytes > 512 {
		t.Errorf("a full window takes %d bytes", bytes)
	} else {
		t.Logf("a full window takes %d bytes", bytes)
	}
	ttl := client.PTTL(t.Context(), keys[0]).Val()
	if ttl < 61*time.Second || ttl > 63*time.Second {
		t.Errorf("the key lives for %v more, want a little over the window", ttl)
	}
}

func TestRedisMakesNoKeyForARefusedDecision(t *testing.T) {
	client := redistest.Start(t).Client()
	decide(t, newRedis(t, client), Charge{perMinute("l", 1), "k", 2})
	if n := client.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("a refusal left %d keys", n)
	}
}

func TestRedisReportsAKeyOfAnotherType(t *testing.T) {
	client := redistest.Start(t).Client()
	store := newRedis(t, client)
	charge := Charge{perMinute("l", 1), "k", 1}
	if err := client.Set(t.Context(), store.key(charge), "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Decide(t.Context(), []Charge{charge}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("error %v, want what Redis said", err)
	}
}

func TestRedisThatIsFullRefusesAndForgetsNothing(t *testing.T) {
	clock := newClock()
	client := redistest.Start(t, "--maxmemory-policy", "noeviction").Client()
	store := newClockedRedis(t, client, clock)
	charges := []Charge{{perMinute("a", 10), "k", 4}, {perMinute("b", 10), "k", 4}}
	decide(t, store, charges...)
	clock.Advance(30 * time.Second)
	decide(t, store, charges...)
	// Now the first charges leave, which is to be written down.
	clock.Advance(31 * time.Second)
	decide(t, store, Charge{perMinute("c", 1), "k", 0})

	if err := client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Redis.Decide(t.Context(), charges); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Fatalf("error %v, want what Redis said", err)
	}
	if err := client.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range decide(t, store, charges...).States {
		if s.Refused || s.Remaining != 2 {
			t.Errorf("after two charges of 4, one of which is over a minute old, and one more: %+v", s)
		}
	}
}

func TestRedisRefusesAPrefixThatWouldMoveTheHashSlot(t *testing.T) {
	if _, err := NewRedis(nil, RedisOptions{Prefix: "a{b}"}); err == nil {
		t.Error("a prefix with braces was accepted")
	}
}

func TestRedisDecidesInACluster(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	if err := server.Client().Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	client, err := redisconn.Open(server.URL()+"?cluster=true&read_timeout=5s&dial_timeout=5s", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	eventually.True(t, "the cluster takes writes", func() bool { return client.Set(t.Context(), "ready", 1, 0).Err() == nil })
	store := newRedis(t, client)
	// Windows of many keys share a slot: a cluster refuses a script over several.
	for i := range int64(20) {
		v := decide(t, store, Charge{perMinute("own", 1), fmt.Sprint(i), 1}, Charge{perMinute("all", 20), "all", 1})
		if !v.Allowed || v.States[1].Remaining != 19-i {
			t.Fatalf("decision %d in a cluster: %+v", i, v)
		}
	}
}

func TestAServersClockThatWasAheadHoldsNoWindowForLong(t *testing.T) {
	for name, algorithm := range map[string]Algorithm{"sliding window": SlidingWindow, "sliding log": SlidingLog} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			store := newClockedRedis(t, redistest.Start(t).Client(), clock)
			charge := Charge{Limit{Name: "l", Rate: 10, Window: time.Minute, Algorithm: algorithm}, "k", 1}
			const ahead = 24 * time.Hour
			clock.Advance(ahead)
			for range 4 {
				decide(t, store, charge)
				clock.Advance(5 * time.Second)
			}
			clock.Advance(-ahead)
			for i := range 6 {
				if v := decide(t, store, charge); !v.Allowed || v.States[0].Remaining != int64(5-i) {
					t.Fatalf("put right, request %d: %+v", i+1, v)
				}
			}
			refused := decide(t, store, charge)
			if refused.Allowed {
				t.Fatal("11 of 10 were granted in a minute")
			}
			clock.Advance(refused.States[0].RetryAfter)
			if v := decide(t, store, charge); !v.Allowed {
				t.Errorf("after the wait that was told: %+v", v)
			}
		})
	}
}
