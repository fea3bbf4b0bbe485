package window

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/redistest"
)

// epoch is where the tests' clocks begin: far from zero, as a real server's is.
var epoch = time.Unix(1_760_000_000, 0)

// testClock is a clock that only tests move. It may be moved back.
type testClock struct {
	mu     sync.Mutex
	now    time.Time
	latest time.Time
}

func newClock() *testClock { return &testClock{now: epoch, latest: epoch} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	if c.now.After(c.latest) {
		c.latest = c.now
	}
}

// Latest is the furthest that the clock has been: now, unless it stepped back.
func (c *testClock) Latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// clockedRedis is the Redis store with the same script, in which TIME is
// replaced by a key that holds the test's clock.
type clockedRedis struct {
	*Redis
	clock *testClock
}

const clockKey = "{" + DefaultPrefix + "}:test-clock"

func newClockedRedis(t testing.TB, client redis.UniversalClient, clock *testClock) clockedRedis {
	t.Helper()
	store := newRedis(t, client)
	const real = "redis.call('TIME')"
	for _, s := range []*Script{&store.decide, &store.settle} {
		if strings.Count(s.source, real) != 1 {
			t.Fatalf("the script must read the clock once, as %s", real)
		}
		*s = NewScript(strings.Replace(s.source, real, "redis.call('HMGET', '"+clockKey+"', 's', 'us')", 1))
	}
	return clockedRedis{store, clock}
}

func (s clockedRedis) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if err := s.tell(ctx); err != nil {
		return Verdict{}, err
	}
	return s.Redis.Decide(ctx, charges)
}

func (s clockedRedis) Settle(ctx context.Context, settlements []Settlement) error {
	if err := s.tell(ctx); err != nil {
		return err
	}
	return s.Redis.Settle(ctx, settlements)
}

func (s clockedRedis) Connect(ctx context.Context) error {
	if err := s.tell(ctx); err != nil {
		return err
	}
	return s.Redis.Connect(ctx)
}

// tell tells the server the time.
func (s clockedRedis) tell(ctx context.Context) error {
	now := s.clock.Now()
	return s.client.HSet(ctx, clockKey, "s", now.Unix(), "us", now.Nanosecond()/1000).Err()
}

// eachStore runs a test against every store, each empty and on a clock that the
// test moves.
func eachStore(t *testing.T, test func(t *testing.T, store Store, clock *testClock)) {
	t.Run("memory", func(t *testing.T) {
		clock := newClock()
		test(t, NewMemory(MemoryOptions{Clock: clock.Now}), clock)
	})
	t.Run("redis", func(t *testing.T) {
		clock := newClock()
		test(t, newClockedRedis(t, redistest.Start(t).Client(), clock), clock)
	})
	t.Run("failover", func(t *testing.T) {
		clock := newClock()
		shared := newClockedRedis(t, redistest.Start(t).Client(), clock)
		local := NewMemory(MemoryOptions{Clock: clock.Now})
		store := NewFailover(shared, local, FailoverOptions{Deadline: time.Minute, OnError: func(err error) { t.Error(err) }})
		t.Cleanup(func() { _ = store.Close() })
		test(t, store, clock)
	})
}
