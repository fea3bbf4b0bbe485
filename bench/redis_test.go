package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/redistest"
)

// redisRung keeps the usage of limits in ODORDIFF_REDIS, and leasedRung charges
// it in advance.
var (
	redisRung  = rung{name: "three limits in Redis", redis: true, route: []string{"gate_limit"}, field: "RateLimit"}
	leasedRung = rung{name: "three leased limits", redis: true, leased: true, route: []string{"gate_limit"}, field: "RateLimit"}
)

// BenchmarkLimitsInRedis measures what three limits cost whose usage is in
// Redis, at 64 connections: the gateway's processor time beside plain Caddy's,
// and how often a request asks Redis. Requests that come together ask together,
// and leased limits ask in advance. An operation is one round, in which each
// has a turn.
func BenchmarkLimitsInRedis(b *testing.B) {
	server := redistest.Start(b)
	b.Setenv("ODORDIFF_REDIS", server.URL())
	binary, upstream := build(b), newUpstream(b)
	var compared []*climb
	for _, r := range []rung{rungs[0], redisRung, leasedRung} {
		compared = append(compared, &climb{gateway: start(b, binary, r, upstream).connected(64)})
	}
	asked, sent := map[*climb]int{}, map[*climb]uint64{}
	for b.Loop() {
		playRound(b, compared, func(c *climb) error {
			askedBefore, sentBefore := reads(b, server), c.sent.Load()
			err := c.measure(*turn)
			asked[c] += reads(b, server) - askedBefore
			sent[c] += c.sent.Load() - sentBefore
			return err
		})
	}
	for i, name := range []string{"direct", "leased"} {
		c := compared[i+1]
		least, middle, _ := c.ratios(compared[0], cpuTimeOf)
		b.ReportMetric(least, name+"-least-to-plain")
		b.ReportMetric(middle, name+"-to-plain")
		b.ReportMetric(float64(asked[c])/float64(sent[c]), name+"-round-trips/req")
	}
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
