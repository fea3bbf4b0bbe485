package bench

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// BenchmarkAudited measures what the audit trail takes of the throughput while
// it records 2,000 events a second: two gateways, of which one has a trail,
// refuse 2,000 requests a second. What the trail takes of the processors is
// what is not left for other requests. An operation is one round, in which both
// have a turn.
func BenchmarkAudited(b *testing.B) {
	binary, upstream := build(b), newUpstream(b)
	var compared []*climb
	for _, name := range []string{"JWT, cached", "JWT, cached, audited"} {
		compared = append(compared, &climb{gateway: start(b, binary, rungCalled(b, name), upstream)})
	}
	for b.Loop() {
		playRound(b, compared, func(c *climb) error { return c.refuse(*turn) })
	}
	plain, audited := compared[0], compared[1]
	// the processor time of 2,000 refusals, in seconds
	second := func(r result) float64 { return cpuTimeOf(r) / 1e6 * refusals }
	b.ReportMetric(100*plain.median(second), "plain-%core")
	b.ReportMetric(100*audited.median(second), "audited-%core")
	b.ReportMetric(audited.median(rateOf), "events/s")
	cores := float64(runtime.NumCPU())
	_, left, _ := audited.ratios(plain, func(r result) float64 { return cores - second(r) })
	b.ReportMetric(100*(1-left), "%throughput")
}

func rungCalled(b *testing.B, name string) rung {
	b.Helper()
	for _, r := range rungs {
		if r.name == name {
			return r
		}
	}
	b.Fatalf("there is no rung %q", name)
	return rung{}
}

// refusals is how many requests a second are refused.
const refusals = 2000

// refuse has 2,000 requests a second refused for a while, and keeps what the
// gateway took for them.
func (c *climb) refuse(d time.Duration) error {
	before, err := c.usage()
	if err != nil {
		return err
	}
	t := startTally()
	for range c.connections {
		t.add(func() ([]time.Duration, error) { return c.refused(t.began.Add(d), refusals/c.connections) })
	}
	got, err := t.result()
	if err != nil {
		return err
	}
	after, err := c.usage()
	got.usage = usage{after.cpu - before.cpu, after.objects - before.objects, after.bytes - before.bytes}
	c.turns = append(c.turns, got)
	return err
}

// refused sends so many requests without a token a second. One that is late is
// sent at once.
func (g *gateway) refused(end time.Time, rate int) (latencies []time.Duration, err error) {
	interval := time.Second / time.Duration(rate)
	for due := time.Now(); due.Before(end); due = due.Add(interval) {
		time.Sleep(time.Until(due))
		began := time.Now()
		response, answer, err := g.post("")
		if err != nil {
			return latencies, err
		}
		if response.StatusCode != http.StatusUnauthorized {
			return latencies, fmt.Errorf("%s: %s: %s", g.name, response.Status, answer)
		}
		latencies = append(latencies, time.Since(began))
	}
	return latencies, nil
}
