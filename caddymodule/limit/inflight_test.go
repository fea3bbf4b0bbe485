package limit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/eventually"
)

// upstream is a service whose answers the test lets go one by one.
type upstream struct {
	*httptest.Server
	arrived chan string // the path of each request that got here
	answer  chan struct{}
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{arrived: make(chan string, 1000), answer: make(chan struct{})}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.arrived <- r.URL.Path
		switch {
		case r.Header.Get("Upgrade") != "":
			tunnel(w)
			return
		case r.URL.Path == "/panic":
			panic(http.ErrAbortHandler)
		}
		select {
		case <-u.answer:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(u.Close)
	return u
}

// tunnel accepts the change of protocol and returns what it gets, line by line.
func tunnel(w http.ResponseWriter) {
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_, _ = io.Copy(conn, both)
}

// startLimited runs a site that passes what the limit lets in to the upstream.
func startLimited(t *testing.T, u *upstream, limit string) *edgetest.Edge {
	t.Helper()
	return edgetest.Start(t, limitedSite(u, limit))
}

func limitedSite(u *upstream, limit string) string {
	return fmt.Sprintf(`
	@limited not path /metrics
	route @limited {
		gate_limit {
			limit streams {
				key {header.X-User}
				%s
			}
		}
		reverse_proxy %s
	}
	metrics /metrics
	handle_errors {
		gate_problem
	}
`, strings.ReplaceAll(limit, "; ", "\n\t\t\t\t"), u.Listener.Addr())
}

// reply is an answer that was read to its end.
type reply struct {
	*http.Response
	body []byte
	err  error
}

// sendAs sends a request of a user.
func sendAs(ctx context.Context, edge *edgetest.Edge, user, path string) reply {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, edge.URL+path, http.NoBody)
	if err != nil {
		return reply{err: err}
	}
	r.Header.Set("X-User", user)
	res, err := edge.Client.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return reply{res, body, err}
}

// begin sends a request in the background.
func begin(ctx context.Context, edge *edgetest.Edge, user, path string) <-chan reply {
	replies := make(chan reply, 1)
	go func() { replies <- sendAs(ctx, edge, user, path) }()
	return replies
}

// metric returns the value of a metric of the gateway, 0 if it is absent.
func metricOf(t *testing.T, edge *edgetest.Edge, name string) float64 {
	t.Helper()
	res, err := edge.Client.Get(edge.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), name+" "); found {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	return 0
}

// queueOf returns the member of the problem that says where the request was.
func (r reply) queueOf(t *testing.T) (place, waiting int) {
	t.Helper()
	var problem struct {
		Queue struct{ Place, Waiting int }
	}
	if err := json.Unmarshal(r.body, &problem); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return problem.Queue.Place, problem.Queue.Waiting
}

func TestAKeyHasNoMoreRequestsUnderWayThanItsLimit(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 2")
	first, second := begin(t.Context(), edge, "ada", "/1"), begin(t.Context(), edge, "ada", "/2")
	<-u.arrived
	<-u.arrived
	refused := sendAs(t.Context(), edge, "ada", "/3")
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Fatalf("%d %v", refused.StatusCode, refused.Header)
	}
	for field, want := range map[string]string{
		"RateLimit-Policy": `"streams";q=2;qu="concurrent-requests"`,
		"RateLimit":        `"streams";r=0`,
	} {
		if got := refused.Header.Get(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
	if !strings.Contains(string(refused.body), `the limit \"streams\" allows 2 at once`) {
		t.Errorf("problem %s", refused.body)
	}
	other := begin(t.Context(), edge, "bob", "/4")
	<-u.arrived
	close(u.answer)
	for _, replies := range []<-chan reply{first, second, other} {
		if r := <-replies; r.err != nil || r.StatusCode != http.StatusOK {
			t.Errorf("%+v", r)
		}
	}
	if r := sendAs(t.Context(), edge, "ada", "/5"); r.StatusCode != http.StatusOK || r.Header.Get("RateLimit") != `"streams";r=1` {
		t.Errorf("afterwards: %d, RateLimit %s", r.StatusCode, r.Header.Get("RateLimit"))
	}
}

func TestAPlaceIsFreeHoweverTheRequestEnds(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 1")
	underWay := func(n float64) bool { return metricOf(t, edge, `gate_limit_in_flight{limit="streams"}`) == n }
	for name, end := range map[string]func(leave func()){
		"/answered": func(func()) { u.answer <- struct{}{} },
		"/panic":    func(func()) {},
		"/left":     func(leave func()) { leave() },
	} {
		ctx, leave := context.WithCancel(t.Context())
		replies := begin(ctx, edge, "ada", name)
		<-u.arrived
		end(leave)
		<-replies
		leave()
		eventually.True(t, "the place is free after "+name, func() bool { return underWay(0) })
	}
	close(u.answer)
	if r := sendAs(t.Context(), edge, "ada", "/"); r.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d", r.StatusCode)
	}
}

func TestATunnelIsUnderWayUntilItIsClosed(t *testing.T) {
	u := newUpstream(t)
	edge := edgetest.StartEdited(t, limitedSite(u, "in_flight 1"), func(config []byte) []byte {
		return []byte(strings.Replace(string(config), `"apps":{`, `"apps":{"gate":{"upgrade":["echo"]},`, 1))
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(edge.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /tunnel HTTP/1.1\r\nHost: "+conn.RemoteAddr().String()+"\r\nX-User: ada\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	if r := sendAs(t.Context(), edge, "ada", "/2"); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("beside the tunnel: %d", r.StatusCode)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	close(u.answer)
	eventually.True(t, "the place is free", func() bool { return sendAs(t.Context(), edge, "ada", "/3").StatusCode == http.StatusOK })
}

func TestRequestsWaitInOrderAndAreToldHowLong(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 1; queue 30s")
	first := begin(t.Context(), edge, "ada", "/0")
	<-u.arrived
	var waiting []<-chan reply
	for i := range 3 {
		waiting = append(waiting, begin(t.Context(), edge, "ada", "/"+strconv.Itoa(i+1)))
		eventually.True(t, "it waits", func() bool { return metricOf(t, edge, `gate_limit_waiting{limit="streams"}`) == float64(i+1) })
	}
	u.answer <- struct{}{}
	if r := <-first; r.Header.Get("Server-Timing") != "" {
		t.Errorf("who did not wait is told %s", r.Header.Get("Server-Timing"))
	}
	for i, replies := range waiting {
		if path := <-u.arrived; path != "/"+strconv.Itoa(i+1) {
			t.Errorf("%s came as number %d", path, i+1)
		}
		u.answer <- struct{}{}
		r := <-replies
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
		if got, want := r.Header.Get("Server-Timing"), fmt.Sprintf(`;desc="place %d of streams"`, i+1); !strings.HasPrefix(got, "queue;dur=") || !strings.HasSuffix(got, want) {
			t.Errorf("Server-Timing: %s, want …%s", got, want)
		}
	}
	if n := metricOf(t, edge, `gate_limit_queued_total{limit="streams",result="served"}`); n < 3 {
		t.Errorf("%v served from the queue", n)
	}
}

func TestWhoWaitsTooLongOrFindsTheQueueFullIsToldItsPlace(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 1; queue 2s; queue_size 1")
	first := begin(t.Context(), edge, "ada", "/0")
	<-u.arrived
	late := begin(t.Context(), edge, "ada", "/late")
	eventually.True(t, "it waits", func() bool { return metricOf(t, edge, `gate_limit_waiting{limit="streams"}`) == 1 })
	full := sendAs(t.Context(), edge, "ada", "/full")
	for name, c := range map[string]struct {
		reply
		place int
	}{"full": {full, 2}, "late": {<-late, 1}} {
		if c.StatusCode != http.StatusTooManyRequests || c.Header.Get("Retry-After") == "" || c.Header.Get("RateLimit") != `"streams";r=0` {
			t.Errorf("%s: %d %v", name, c.StatusCode, c.Header)
		}
		if place, waiting := c.queueOf(t); place != c.place || waiting != 1 {
			t.Errorf("%s: place %d of %d: %s", name, place, waiting, c.body)
		}
	}
	close(u.answer)
	<-first
}

func TestWhoLeavesTheQueueHoldsUpNobody(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 1; queue 30s")
	first := begin(t.Context(), edge, "ada", "/0")
	<-u.arrived
	ctx, leave := context.WithCancel(t.Context())
	left := begin(ctx, edge, "ada", "/left")
	waits := func(n float64) {
		eventually.True(t, "so many wait", func() bool { return metricOf(t, edge, `gate_limit_waiting{limit="streams"}`) == n })
	}
	waits(1)
	second := begin(t.Context(), edge, "ada", "/2")
	waits(2)
	leave()
	<-left
	waits(1)
	close(u.answer)
	<-first
	if r := <-second; r.StatusCode != http.StatusOK {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	close(u.arrived)
	for path := range u.arrived {
		if path == "/left" {
			t.Error("the request of a client that left was passed on")
		}
	}
}

func TestARateWithAQueueMakesRequestsWaitForTheWindow(t *testing.T) {
	u := newUpstream(t)
	close(u.answer)
	edge := startLimited(t, u, "rate 2/1s; queue 10s")
	var all sync.WaitGroup
	var waited atomic.Int64
	for range 6 {
		all.Go(func() {
			r := sendAs(t.Context(), edge, "ada", "/")
			if r.err != nil || r.StatusCode != http.StatusOK {
				t.Errorf("%v %d %s", r.err, r.StatusCode, r.body)
			} else if r.Header.Get("Server-Timing") != "" {
				waited.Add(1)
			}
		})
	}
	all.Wait()
	if waited.Load() == 0 {
		t.Error("nobody waited")
	}
}

func TestNobodyWaitsInVainForAWindow(t *testing.T) {
	u := newUpstream(t)
	close(u.answer)
	edge := startLimited(t, u, "rate 1/1h; queue 30s")
	if r := sendAs(t.Context(), edge, "ada", "/"); r.StatusCode != http.StatusOK {
		t.Fatal(r.StatusCode)
	}
	start := time.Now()
	r := sendAs(t.Context(), edge, "ada", "/")
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); r.StatusCode != http.StatusTooManyRequests || err != nil || seconds < 3000 {
		t.Errorf("%d, Retry-After %s after %v", r.StatusCode, r.Header.Get("Retry-After"), time.Since(start))
	}
}

func TestThoseWhoWaitOutliveAReloadAndKeepTheirOrder(t *testing.T) {
	u := newUpstream(t)
	edge := startLimited(t, u, "in_flight 1; queue 30s")
	first := begin(t.Context(), edge, "ada", "/0")
	<-u.arrived
	waits := func(n float64) {
		eventually.True(t, "so many wait", func() bool { return metricOf(t, edge, `gate_limit_waiting{limit="streams"}`) == n })
	}
	before := begin(t.Context(), edge, "ada", "/before")
	waits(1)
	edge.Load(limitedSite(u, "in_flight 1; queue 30s") + "\nheader X-Reloaded yes\n")
	after := begin(t.Context(), edge, "ada", "/after")
	waits(2)
	u.answer <- struct{}{}
	<-first
	for _, want := range []string{"/before", "/after"} {
		if path := <-u.arrived; path != want {
			t.Errorf("%s was next, want %s", path, want)
		}
		u.answer <- struct{}{}
	}
	for name, replies := range map[string]<-chan reply{"before": before, "after": after} {
		if r := <-replies; r.err != nil || r.StatusCode != http.StatusOK {
			t.Errorf("%s: %v %d", name, r.err, r.StatusCode)
		}
	}
}
