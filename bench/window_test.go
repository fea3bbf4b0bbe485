// Package bench measures what the gateway's parts cost, side by side. Run it
// with `make bench`.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

// BenchmarkWindowDecide compares the stores of limits: one decision over one
// and over three limits, by one caller alone and by many at once.
func BenchmarkWindowDecide(b *testing.B) {
	for _, store := range []struct {
		name string
		open func(*testing.B) window.Store
	}{
		{"memory", func(*testing.B) window.Store { return window.NewMemory(window.MemoryOptions{}) }},
		{"redis", openRedis},
		{"redis-down", openDownRedis},
	} {
		for _, limits := range []int{1, 3} {
			for _, callers := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/limits=%d/callers=%d", store.name, limits, callers), func(b *testing.B) {
					decideByMany(b, store.open(b), window.Limit{Rate: window.MaxRate}, limits, callers)
				})
			}
		}
	}
}

// BenchmarkWindowAlgorithms compares the algorithms, by many callers of one
// limit.
func BenchmarkWindowAlgorithms(b *testing.B) {
	for _, store := range []struct {
		name string
		open func(*testing.B) window.Store
	}{
		{"memory", func(*testing.B) window.Store { return window.NewMemory(window.MemoryOptions{}) }},
		{"redis", openRedis},
	} {
		for _, algorithm := range []struct {
			name  string
			limit window.Limit
		}{
			{"sliding-window", window.Limit{Rate: window.MaxRate}},
			{"sliding-log", window.Limit{Rate: window.MaxLogRate, Algorithm: window.SlidingLog}},
			{"token-bucket", window.Limit{Rate: 1e6, Algorithm: window.TokenBucket}},
		} {
			b.Run(store.name+"/"+algorithm.name, func(b *testing.B) {
				decideByMany(b, store.open(b), algorithm.limit, 1, 64)
			})
		}
	}
}

// users is how many keys take turns.
const users = 10_000

func decideByMany(b *testing.B, store window.Store, limit window.Limit, limits, callers int) {
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	var turn atomic.Uint64
	body := func(next func() bool) {
		charges := make([]window.Charge, limits)
		for next() {
			fill(charges, limit, turn.Add(1))
			if _, err := store.Decide(context.Background(), charges); err != nil {
				b.Error(err)
				return
			}
		}
	}
	b.ResetTimer()
	if callers == 1 {
		body(b.Loop)
		return
	}
	b.RunParallel(func(pb *testing.PB) { body(pb.Next) })
}

// fill makes the charges of one request: by user, by network, and by all.
func fill(charges []window.Charge, limit window.Limit, turn uint64) {
	limit.Window = time.Minute
	keys := []string{strconv.FormatUint(turn%users, 10), strconv.FormatUint(turn%100, 10), "all"}
	for i := range charges {
		limit.Name = "l" + strconv.Itoa(i)
		charges[i] = window.Charge{Limit: limit, Key: keys[i], Cost: 1}
	}
}

func openRedis(b *testing.B) window.Store {
	return open(b, redistest.Start(b))
}

// openDownRedis has the breaker open: what a decision costs while Redis is
// gone.
func openDownRedis(b *testing.B) window.Store {
	server := redistest.Start(b)
	server.Pause()
	b.Cleanup(server.Resume)
	store := open(b, server)
	for !store.Degraded() {
		charges := make([]window.Charge, 1)
		fill(charges, window.Limit{Rate: window.MaxRate}, 0)
		if _, err := store.Decide(context.Background(), charges); err != nil {
			b.Fatal(err)
		}
	}
	return store
}

func open(b *testing.B, server *redistest.Server) *window.Failover {
	client, err := redisconn.OpenImpatient(server.URL(), 0)
	if err != nil {
		b.Fatal(err)
	}
	shared, err := window.NewRedis(client, window.RedisOptions{})
	if err != nil {
		b.Fatal(err)
	}
	store := window.NewFailover(shared, window.NewMemory(window.MemoryOptions{}), window.FailoverOptions{})
	b.Cleanup(func() {
		if err := errors.Join(store.Close(), client.Close()); err != nil {
			b.Error(err)
		}
	})
	return store
}
