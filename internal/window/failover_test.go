package window

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
)

// node is one gateway's store on a shared Redis, with the deadlines of
// production.
type node struct {
	*Failover
	mu      sync.Mutex
	changes []error
	errs    int
}

func newNode(t *testing.T, server *redistest.Server, nodes int) *node {
	t.Helper()
	n := newNodeAt(t, server.URL(), nodes)
	eventually.True(t, "Redis decides", func() bool { return decidedInRedis(t, n, Charge{perMinute("warm-up", 1000), "k", 1}) })
	return n
}

func newNodeAt(t *testing.T, url string, nodes int) *node {
	t.Helper()
	return newNodeWithin(t, url, nodes, DefaultDeadline)
}

func newNodeWithin(t *testing.T, url string, nodes int, deadline time.Duration) *node {
	t.Helper()
	client, err := redisconn.OpenImpatient(url, deadline)
	if err != nil {
		t.Fatal(err)
	}
	n := new(node)
	n.Failover = NewFailover(newRedis(t, client), NewMemory(MemoryOptions{}), FailoverOptions{
		Nodes: nodes,
		Retry: 50 * time.Millisecond,
		OnError: func(error) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.errs++
		},
		OnChange: func(err error) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.changes = append(n.changes, err)
		},
	})
	t.Cleanup(func() {
		if err := errors.Join(n.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// told returns what OnChange was told.
func (n *node) told() []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.changes)
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
		t.Error("Redis is not left alone")
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

func TestAFrozenRedisIsWaitedForOnce(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
	for range 100 {
		decide(t, n, charge)
	}
	server.Pause()
	defer server.Resume()
	start := time.Now()
	decide(t, n, charge)
	t.Logf("the first decision took %v", time.Since(start))
	if !n.Degraded() {
		t.Fatal("Redis is not left alone after its first silence")
	}
	start = time.Now()
	const decisions = 2000
	for range decisions {
		decide(t, n, charge)
	}
	t.Logf("each further one took %v", time.Since(start)/decisions)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.errs != 1 {
		t.Errorf("%d decisions waited for a frozen Redis", n.errs)
	}
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
			eventually.True(t, "Redis decides again", func() bool {
				v := decide(t, n, charge)
				return !v.States[0].Degraded && !n.Degraded()
			})
			eventually.True(t, "Redis is said to be back", func() bool { told := n.told(); return told[len(told)-1] == nil })
			if told := n.told(); told[0] == nil {
				t.Errorf("OnChange was told %v, want a reason and then that Redis is back", told)
			}
		})
	}
}

func TestAProbeShowsWhatNoTrafficDoes(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	if err := n.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for range 3 {
		if err := n.Probe(t.Context()); err == nil {
			t.Fatal("a probe succeeded without Redis")
		}
	}
	eventually.True(t, "the probe is refused", func() bool {
		err := n.Probe(t.Context())
		return n.Degraded() && err != nil && strings.Contains(err.Error(), "refused")
	})
	if n.errs != 0 {
		t.Errorf("OnError was told of %d probes", n.errs)
	}
	server.Restart()
	eventually.True(t, "Redis is probed with success", func() bool { return n.Probe(t.Context()) == nil && !n.Degraded() })
}

func TestFailoverDoesNotBlameRedisForACallerThatGaveUp(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := n.Decide(gone, []Charge{{hourly("l", 1, Local), "k", 1}}); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the caller's own", err)
		}
	}
	if n.Degraded() || n.errs != 0 {
		t.Errorf("callers that gave up made Redis be left alone; %d errors told", n.errs)
	}
}

func TestFailoverDoesNotBlameRedisForInvalidCharges(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	for range 10 {
		if _, err := n.Decide(t.Context(), []Charge{{hourly("l", 0, Local), "k", 1}}); !errors.Is(err, ErrInvalid) {
			t.Fatalf("error %v", err)
		}
	}
	if n.Degraded() || n.errs != 0 {
		t.Errorf("invalid charges made Redis be left alone; %d errors told", n.errs)
	}
}
