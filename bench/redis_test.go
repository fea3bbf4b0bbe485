package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/redistest"
)

// redisRung keeps the usage of limits in ODORDIFF_REDIS.
var redisRung = rung{name: "three limits in Redis", redis: true, route: []string{"gate_limit"}, field: "RateLimit"}

// BenchmarkLimitsInRedis measures what three limits cost whose usage is in
// Redis, at 64 connections: the gateway's processor time beside plain Caddy's,
// and how often a request asks Redis. Requests that come together ask together.
// An operation is one round, in which both have a turn.
func BenchmarkLimitsInRedis(b *testing.B) {
	server := redistest.Start(b)
	b.Setenv("ODORDIFF_REDIS", server.URL())
	binary, upstream := build(b), newUpstream(b)
	var compared []*climb
	for _, r := range []rung{rungs[0], redisRung} {
		compared = append(compared, &climb{gateway: start(b, binary, r, upstream).connected(64)})
	}
	asked, sent := 0, uint64(0)
	for b.Loop() {
		playRound(b, compared, func(c *climb) error {
			askedBefore, sentBefore := reads(b, server), c.sent.Load()
			err := c.measure(*turn)
			if c.redis {
				asked += reads(b, server) - askedBefore
				sent += c.sent.Load() - sentBefore
			}
			return err
		})
	}
	least, middle, _ := compared[1].ratios(compared[0], cpuTimeOf)
	b.ReportMetric(least, "least-to-plain")
	b.ReportMetric(middle, "to-plain")
	b.ReportMetric(float64(asked)/float64(sent), "round-trips/req")
}

// reads returns how often the server has read from connections: once for each
// round trip.
func reads(t testing.TB, server *redistest.Server) int {
	t.Helper()
	stats, err := server.Client().Info(context.Background(), "stats").Result()
	if err != nil {
		t.Fatal(err)
	}
	var total int
	_, rest, found := strings.Cut(stats, "total_reads_processed:")
	if _, err := fmt.Sscan(rest, &total); err != nil || !found {
		t.Fatalf("reading total_reads_processed of %q: %v", stats, err)
	}
	return total
}
