package bench

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// ends are the rungs that the benchmarks of latency and memory compare.
func ends() []rung { return []rung{rungs[0], rungs[len(rungs)-1]} }

// BenchmarkSteady measures latencies at a constant rate of 1,000 requests a
// second, before an upstream that takes 50 ms. A latency counts from when the
// request was due, so that a gateway that falls behind cannot hide it. An
// operation is one round, in which plain Caddy and the shipped Caddyfile have a
// turn each.
func BenchmarkSteady(b *testing.B) {
	const upstreamTakes = 50 * time.Millisecond
	binary, upstream := build(b), newSlowUpstream(b, upstreamTakes)
	var compared []*climb
	for _, r := range ends() {
		g := start(b, binary, r, upstream)
		// Enough for half a second of requests.
		g.client.Transport = &http.Transport{MaxIdleConnsPerHost: 500}
		compared = append(compared, &climb{gateway: g})
	}
	for b.Loop() {
		playRound(b, compared, func(c *climb) error {
			result, err := c.steadily(time.Millisecond, *turn)
			c.turns = append(c.turns, result)
			return err
		})
	}
	plain, shipped := compared[0], compared[1]
	for name, q := range map[string]float64{"p50": 0.5, "p99": 0.99} {
		b.ReportMetric(plain.median(quantileOf(q)), name+"-plain-ms")
		b.ReportMetric(shipped.median(quantileOf(q)), name+"-shipped-ms")
	}
}

// steadily sends a request each time the interval is over, whether or not
// earlier ones were answered.
func (g *gateway) steadily(interval, d time.Duration) (result, error) {
	t := startTally()
	for due := t.began; due.Sub(t.began) < d; due = due.Add(interval) {
		time.Sleep(time.Until(due))
		t.add(func() ([]time.Duration, error) {
			err := g.send()
			return []time.Duration{time.Since(due)}, err
		})
	}
	return t.result()
}

// newSlowUpstream answers like the backend, after a while.
func newSlowUpstream(t testing.TB, after time.Duration) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client that leaves is no matter of the upstream.
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(after)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"molecules": []}`)
	}))
	t.Cleanup(server.Close)
	return server
}

// BenchmarkStreams measures how much memory each of 1,000 streams takes that
// are open and silent: of the system, and of that what is neither garbage nor
// spare.
func BenchmarkStreams(b *testing.B) {
	const streams = 1000
	binary, upstream := build(b), newStreamingUpstream(b)
	for _, r := range ends() {
		b.Run(strings.Map(dashed, r.name), func(b *testing.B) {
			g := launch(b, binary, r, upstream)
			g.client.Transport = &http.Transport{}
			g.openUntilItServes(b)
			for b.Loop() {
				before, liveBefore := g.resident(b), g.live(b)
				responses := g.openStreams(b, streams)
				b.ReportMetric((g.resident(b)-before)/streams/1024, "KiB/stream")
				b.ReportMetric((g.live(b)-liveBefore)/streams/1024, "live-KiB/stream")
				for _, response := range responses {
					_ = response.Body.Close()
				}
			}
		})
	}
}

// openUntilItServes waits until a stream opens.
func (g *gateway) openUntilItServes(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		response, err := g.openStream()
		if err == nil {
			_ = response.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %s, %v", patience, err)
		}
	}
}

func (g *gateway) openStreams(t testing.TB, n int) []*http.Response {
	t.Helper()
	responses := make([]*http.Response, n)
	for i := range responses {
		response, err := g.openStream()
		if err != nil {
			t.Fatalf("%s: stream %d: %v", g.name, i, err)
		}
		responses[i] = response
	}
	return responses
}

// openStream returns the response of a stream, of which the first event has
// arrived.
func (g *gateway) openStream() (*http.Response, error) {
	req, err := g.request(g.token)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	response, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	first := make([]byte, len(event))
	if _, err := io.ReadFull(response.Body, first); err != nil || response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s: %q %w", response.Status, first, err)
	}
	return response, nil
}

const event = "data: {}\n\n"

// newStreamingUpstream sends one event and keeps the stream open until the
// client leaves.
func newStreamingUpstream(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, event)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	return server
}

// BenchmarkStart measures how long the gateway takes from its start to its
// first answer, and how much memory it then has.
func BenchmarkStart(b *testing.B) {
	binary, upstream := build(b), newUpstream(b)
	for _, r := range ends() {
		b.Run(strings.Map(dashed, r.name), func(b *testing.B) {
			var took time.Duration
			var megabytes, anonymous float64
			for b.Loop() {
				g := launch(b, binary, r, upstream)
				began := time.Now()
				g.waitUntilItServes(b)
				took += time.Since(began)
				megabytes += g.resident(b) / 1e6
				anonymous += g.memory(b, "RssAnon:") / 1e6
			}
			n := float64(b.N)
			b.ReportMetric(took.Seconds()/n, "s/start")
			b.ReportMetric(megabytes/n, "MB")
			b.ReportMetric(anonymous/n, "anonymous-MB")
		})
	}
}

// resident returns how many bytes of memory the process has.
func (g *gateway) resident(t testing.TB) float64 { return g.memory(t, "VmRSS:") }

// live returns how many bytes the process's objects and stacks have after a
// collection.
func (g *gateway) live(t testing.TB) float64 {
	t.Helper()
	resp, err := http.Get(g.admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	figures, err := g.figures("go_memstats_heap_alloc_bytes", "go_memstats_stack_inuse_bytes")
	if err != nil {
		t.Fatal(err)
	}
	return figures[0] + figures[1]
}

// memory returns a figure of /proc's status, in bytes.
func (g *gateway) memory(t testing.TB, name string) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.leaders[0]))
	if err != nil {
		t.Fatal(err)
	}
	var kilobytes float64
	_, rest, found := strings.Cut(string(status), name)
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil || !found {
		t.Fatalf("reading %s of the process: %v", name, err)
	}
	return kilobytes * 1024
}
