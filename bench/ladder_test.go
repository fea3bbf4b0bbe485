package bench

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

var turn = flag.Duration("turn", 2*time.Second, "how long each rung of the ladder is measured in a round")

// BenchmarkLadder measures what each part of the gateway costs: it sends
// requests through a plain Caddy, through one with each part alone, through
// the chain and through the shipped Caddyfile, all before an upstream that
// costs nothing. An operation is one round, in which every rung has one turn,
// in a new order, so that a busy machine disturbs all alike: use -benchtime 9x.
// Each rung is the same binary in a process of its own, and only its processor
// time is counted, not that of the clients and of the upstream.
func BenchmarkLadder(b *testing.B) {
	binary, upstream := build(b), newUpstream(b)
	ladder := make([]*climb, len(rungs))
	for i, r := range rungs {
		ladder[i] = &climb{gateway: start(b, binary, r, upstream)}
		if _, err := ladder[i].take(*turn / 2); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		playRound(b, ladder, func(c *climb) error { return c.measure(*turn) })
	}
	for _, c := range ladder {
		b.ReportMetric(c.median(cpuTimeOf), strings.Map(dashed, c.name)+"-cpu-µs/req")
	}
	fmt.Print("\n", table(ladder), "\n")
}

// playRound gives each rung a turn, in a new order, and says that it is done.
func playRound(b *testing.B, ladder []*climb, turn func(*climb) error) {
	b.Helper()
	for _, i := range rand.Perm(len(ladder)) {
		if err := turn(ladder[i]); err != nil {
			b.Fatal(err)
		}
	}
	fmt.Fprintf(os.Stderr, "round %d is done\n", len(ladder[0].turns))
}

// A unit of a benchmark must not contain a space.
func dashed(r rune) rune {
	switch r {
	case ' ':
		return '-'
	case ',':
		return -1
	}
	return r
}

// TestEveryRungAnswersEveryRequest keeps the ladder's configurations working
// between measurements.
func TestEveryRungAnswersEveryRequest(t *testing.T) {
	binary, upstream := build(t), newUpstream(t)
	for _, r := range rungs {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := &climb{gateway: start(t, binary, r, upstream)}
			if err := c.measure(100 * time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if got := c.turns[0]; got.requests == 0 || got.objects == 0 || got.bytes == 0 {
				t.Errorf("measured %+v", got)
			}
			want := max(r.anonymous, http.StatusOK)
			if resp, answer, err := c.post(""); err != nil || resp.StatusCode != want {
				t.Errorf("without a token: %v %v %s, want %d", resp, err, answer, want)
			}
		})
	}
}

func TestNoBodyRepeatsAndAllAreShort(t *testing.T) {
	seen := map[string]bool{}
	for number := range uint64(10_000) {
		text := body(number)
		if seen[text] {
			t.Fatalf("%d has the body of another: %s", number, text)
		}
		seen[text] = true
		if len(text) < 150 || len(text) > 250 {
			t.Fatalf("%d has a body of %d bytes", number, len(text))
		}
	}
}

func TestARenderedCaddyfileIsTheSame(t *testing.T) {
	want := shippedCaddyfile(t)
	if got := parse(t, render(want)); render(got) != render(want) || len(got) != len(want) {
		t.Errorf("got %s\nwant %s", render(got), render(want))
	}
}

// climb is a rung on its way through the rounds.
type climb struct {
	*gateway
	turns []result
}

// result is what one turn showed.
type result struct {
	requests  int
	elapsed   time.Duration
	latencies []time.Duration // sorted
	usage                     // of the gateway in this turn
}

// measure takes a turn and keeps its result. A short run before it is not
// counted: the process was idle while the others had their turns.
func (c *climb) measure(d time.Duration) error {
	if _, err := c.take(d / 10); err != nil {
		return err
	}
	before, err := c.usage()
	if err != nil {
		return err
	}
	got, err := c.take(d)
	if err != nil {
		return err
	}
	after, err := c.usage()
	if err != nil {
		return err
	}
	got.usage = usage{after.cpu - before.cpu, after.objects - before.objects, after.bytes - before.bytes}
	c.turns = append(c.turns, got)
	return nil
}

// take sends from all connections for a while. The first failure ends it.
func (g *gateway) take(d time.Duration) (result, error) {
	t := startTally()
	for range g.connections {
		t.add(func() ([]time.Duration, error) { return g.repeat(t.began.Add(d)) })
	}
	return t.result()
}

// tally gathers the latencies of requests that are sent side by side.
type tally struct {
	began     time.Time
	senders   sync.WaitGroup
	mu        sync.Mutex
	latencies []time.Duration
	err       error // the last
}

func startTally() *tally { return &tally{began: time.Now()} }

// add runs a sender beside the others.
func (t *tally) add(send func() ([]time.Duration, error)) {
	t.senders.Go(func() {
		latencies, err := send()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.latencies = append(t.latencies, latencies...)
		if err != nil {
			t.err = err
		}
	})
}

// result waits for all senders.
func (t *tally) result() (result, error) {
	t.senders.Wait()
	slices.Sort(t.latencies)
	return result{requests: len(t.latencies), elapsed: time.Since(t.began), latencies: t.latencies}, t.err
}

// repeat sends one request after the other until the time is over.
func (g *gateway) repeat(end time.Time) (latencies []time.Duration, err error) {
	for {
		began := time.Now()
		if began.After(end) {
			return latencies, nil
		}
		if err := g.send(); err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(began))
	}
}

// The figures of a turn.
// cpuTimeOf returns the processor time of a request in µs.
func cpuTimeOf(r result) float64 { return r.cpu.Seconds() * 1e6 / float64(r.requests) }
func rateOf(r result) float64    { return float64(r.requests) / r.elapsed.Seconds() }
func objectsOf(r result) float64 { return r.objects / float64(r.requests) }
func kilobytesOf(r result) float64 {
	return r.bytes / 1000 / float64(r.requests)
}

// quantileOf returns a figure: the q-quantile of latencies, in milliseconds.
func quantileOf(q float64) func(result) float64 {
	return func(r result) float64 {
		return r.latencies[min(int(q*float64(r.requests)), r.requests-1)].Seconds() * 1e3
	}
}

func (c *climb) median(figure func(result) float64) float64 {
	values := make([]float64, len(c.turns))
	for i, r := range c.turns {
		values[i] = figure(r)
	}
	return median(values)
}

// ratios compares a figure with another rung's, round by round, and returns
// the least, the median and the greatest.
func (c *climb) ratios(other *climb, figure func(result) float64) (least, middle, greatest float64) {
	values := make([]float64, len(c.turns))
	for i := range c.turns {
		values[i] = figure(c.turns[i]) / figure(other.turns[i])
	}
	return slices.Min(values), median(values), slices.Max(values)
}

func median(values []float64) float64 {
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// table is what docs/operations/performance.md shows: medians over the rounds.
func table(ladder []*climb) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| rung\t| CPU µs\t| to plain\t| least to greatest\t| req/s\t| p50 ms\t| p99 ms\t| objects\t| kB\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, c := range ladder {
		least, middle, greatest := c.ratios(ladder[0], cpuTimeOf)
		fmt.Fprintf(w, "| %s\t| %.0f\t| %.2f\t| %.2f to %.2f\t| %.0f\t| %.1f\t| %.1f\t| %.0f\t| %.1f\t|\n",
			c.name, c.median(cpuTimeOf), middle, least, greatest, c.median(rateOf),
			c.median(quantileOf(0.5)), c.median(quantileOf(0.99)), c.median(objectsOf), c.median(kilobytesOf))
	}
	_ = w.Flush() // A strings.Builder takes everything.
	return text.String()
}
