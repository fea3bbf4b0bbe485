package window

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

// node is one gateway's store on a shared Redis, with the deadlines of
// production.
type node struct {
	*Failover
	mu     sync.Mutex
	states []string
	errs   int
}

func newNode(t *testing.T, server *redistest.Server, nodes int) *node {
	t.Helper()
	client, err := redisconn.Open(server.URL(), 0)
	if err != nil {
		t.Fatal(err)
	}
	n := new(node)
	n.Failover = NewFailover(newRedis(t, client), NewMemory(MemoryOptions{}), FailoverOptions{
		Nodes:   nodes,
		OpenFor: 50 * time.Millisecond,
		OnError: func(error) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.errs++
		},
		OnStateChange: func(_, to string) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.states = append(n.states, to)
		},
	})
	t.Cleanup(func() {
		if err := errors.Join(n.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	// On a busy machine even a healthy Redis may miss 50 ms once.
	eventually(t, func() bool {
		v, err := n.Decide(t.Context(), []Charge{{perMinute("warm-up", 1000), "k", 1}})
		return err == nil && !v.States[0].Degraded
	})
	return n
}

func (n *node) seen(state string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.states, state)
}

func hourly(name string, rate int64, onError OnError) Limit {
	return Limit{Name: name, Rate: rate, Window: time.Hour, OnError: onError}
}

func TestFailoverDecidesLocallyByItsShareWhenRedisIsKilled(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 4)
	server.Kill()
	granted := 0
	for range 20 {
		v := decide(t, n, Charge{hourly("l", 20, Local), "k", 1})
		if s := v.States[0]; !s.Degraded || s.Limit.Rate != 5 || s.Remaining > 5 || s.Lifted {
			t.Fatalf("the state should tell the share that is in force, and be marked degraded: %+v", s)
		}
		if v.Allowed {
			granted++
		}
	}
	if granted != 5 {
		t.Errorf("one of 4 nodes granted %d of 20 without Redis, want its share of 5", granted)
	}
	if !n.Degraded() {
		t.Error("20 failures did not open the breaker")
	}
}

func TestFailoverRefusesForGoodOnlyWhatTheWholeRateHasNoRoomFor(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 4)
	server.Kill()
	limit := hourly("l", 20, Local)
	if s := decide(t, n, Charge{limit, "k", 6}).States[0]; !s.Refused || s.Never || s.RetryAfter != unknownReturn {
		t.Errorf("a cost above the share: %+v", s)
	}
	if s := decide(t, n, Charge{limit, "k", 21}).States[0]; !s.Refused || !s.Never || s.RetryAfter != 0 {
		t.Errorf("a cost above the rate: %+v", s)
	}
}

func TestFailoverShareIsNeverLessThanOne(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 10)
	server.Kill()
	charge := Charge{hourly("l", 3, Local), "k", 1}
	if v := decide(t, n, charge); !v.Allowed {
		t.Errorf("a tenth of 3 refuses everything: %+v", v)
	}
	if v := decide(t, n, charge); v.Allowed {
		t.Errorf("a tenth of 3 allows 2: %+v", v)
	}
}

func TestFailoverHandsOutNoFreshQuotaWhenRedisIsLost(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	charge := Charge{hourly("l", 10, Local), "k", 1}
	for range 8 {
		decide(t, n, charge)
	}
	server.Kill()
	granted := 0
	for range 10 {
		if decide(t, n, charge).Allowed {
			granted++
		}
	}
	if granted != 2 {
		t.Errorf("%d granted after 8 of 10 were used, want 2", granted)
	}
}

func TestFailoverDoesWhatEachLimitSaysOnError(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	server.Kill()

	local, open, closed := hourly("local", 1, Local), hourly("open", 1, Allow), hourly("closed", 1, Deny)
	for i := range 3 {
		v := decide(t, n, Charge{open, "k", 1})
		if s := v.States[0]; !v.Allowed || !s.Lifted || !s.Degraded {
			t.Fatalf("on_error allow, try %d: %+v", i, v)
		}
	}
	v := decide(t, n, Charge{open, "k", 1}, Charge{local, "k", 1}, Charge{open, "k2", 1})
	if !v.Allowed || v.States[1].Limit.Name != "local" || v.States[1].Remaining != 0 {
		t.Fatalf("local between two that allow: %+v", v)
	}
	v = decide(t, n, Charge{open, "k", 1}, Charge{local, "k", 1})
	if v.Allowed || v.States[0].Refused || !v.States[1].Refused {
		t.Fatalf("local full: %+v", v)
	}
	shadow := closed
	shadow.Shadow = true
	if v := decide(t, n, Charge{shadow, "k", 1}); !v.Allowed {
		t.Errorf("a shadow refused for want of Redis: %+v", v)
	}
	_, err := n.Decide(t.Context(), []Charge{{local, "other", 1}, {closed, "k", 1}})
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("on_error deny: %v, want ErrUnavailable", err)
	}
	if v := decide(t, n, Charge{local, "other", 0}); v.States[0].Remaining != 1 {
		t.Errorf("a decision that failed was charged: %+v", v)
	}
}

func TestFailoverPausedRedisCostsNoMoreThanADeadOne(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	server.Pause()
	defer server.Resume()

	charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
	start := time.Now()
	for !n.Degraded() {
		decide(t, n, charge)
	}
	if elapsed := time.Since(start); elapsed > 5*time.Second {
		t.Errorf("five deadlines of 50 ms took %v", elapsed)
	}
	n.breakerStaysOpen(t)
	start = time.Now()
	const decisions = 2000
	for range decisions {
		decide(t, n, charge)
	}
	each := time.Since(start) / decisions
	t.Logf("with the breaker open a decision takes %v", each)
	// 50 ms a probe, one in 50 ms: far from 50 ms a decision.
	if each > time.Millisecond {
		t.Errorf("a paused Redis costs %v a decision", each)
	}
}

// breakerStaysOpen replaces the breaker's short period by a long one, as in
// production.
func (n *node) breakerStaysOpen(t *testing.T) {
	t.Helper()
	patient := NewFailover(n.shared, n.local, FailoverOptions{OpenFor: time.Hour})
	for !patient.Degraded() {
		decide(t, patient, Charge{hourly("trip", 1000, Local), "k", 1})
	}
	n.Failover = patient
}

func TestFailoverComesBackToARedisThatComesBack(t *testing.T) {
	for name, outage := range map[string]struct{ begin, end func(*redistest.Server) }{
		"killed and restarted": {(*redistest.Server).Kill, (*redistest.Server).Restart},
		"paused and resumed":   {(*redistest.Server).Pause, (*redistest.Server).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			n := newNode(t, server, 1)
			charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
			outage.begin(server)
			for !n.Degraded() {
				decide(t, n, charge)
			}
			outage.end(server)
			eventually(t, func() bool {
				v := decide(t, n, charge)
				return !v.States[0].Degraded && !n.Degraded()
			})
			if !n.seen("open") || !n.seen("half-open") || !n.seen("closed") {
				t.Errorf("the breaker went through %q", n.states)
			}
			if n.errs < tripAfter {
				t.Errorf("OnError was told of %d failures", n.errs)
			}
		})
	}
}

func TestAProbeTellsTheBreakerWhatNoTrafficDoes(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	if err := n.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	told := n.errs
	n.mu.Unlock()
	server.Kill()
	for !n.Degraded() {
		if err := n.Probe(t.Context()); err == nil {
			t.Fatal("a probe succeeded without Redis")
		}
	}
	n.breakerStaysOpen(t)
	if err := n.Probe(t.Context()); !errors.Is(err, gobreaker.ErrOpenState) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v, want one that says why the breaker is open", err)
	}
	if n.errs != told {
		t.Errorf("OnError was told of %d probes", n.errs-told)
	}
}

func TestAProbeClosesTheBreakerOfARedisThatCameBack(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	server.Kill()
	for !n.Degraded() {
		_ = n.Probe(t.Context())
	}
	server.Restart()
	eventually(t, func() bool { return n.Probe(t.Context()) == nil && !n.Degraded() })
}

func TestFailoverDoesNotBlameRedisForACallerThatGaveUp(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * tripAfter {
		if _, err := n.Decide(gone, []Charge{{hourly("l", 1, Local), "k", 1}}); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the caller's own", err)
		}
	}
	if n.Degraded() || n.errs != 0 {
		t.Errorf("callers that gave up opened the breaker; %d errors told", n.errs)
	}
}

func TestFailoverDoesNotBlameRedisForInvalidCharges(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	for range 2 * tripAfter {
		if _, err := n.Decide(t.Context(), []Charge{{hourly("l", 0, Local), "k", 1}}); !errors.Is(err, ErrInvalid) {
			t.Fatalf("error %v", err)
		}
	}
	if n.Degraded() || n.errs != 0 {
		t.Errorf("invalid charges opened the breaker; %d errors told", n.errs)
	}
}
