package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/breaker"
)

func TestRefusedConnectionsOpenTheBreakerAndThenNobodyDials(t *testing.T) {
	address := edgetest.FreeAddress(t)
	e := edge(t, address, "trip_after 3\nopen_for 1h\nopen_max 1h", "")
	for range 3 {
		wantStatus(t, get(t, e), http.StatusBadGateway)
	}
	isState(t, e, address, breaker.Open)

	// The upstream is back, but nobody knows before the period is over.
	var dialled atomic.Int32
	listener := listen(t, address)
	server := &http.Server{
		Handler:   answering(http.StatusOK),
		ConnState: func(_ net.Conn, s http.ConnState) { dialled.Add(int32(1 - min(s, 1))) },
	}
	go server.Serve(listener)
	defer server.Close()
	for range 5 {
		wantStatus(t, get(t, e), http.StatusServiceUnavailable)
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("dialled %d times while open", n)
	}
}

func TestAnUpstreamThatIsBackIsFoundByAProbe(t *testing.T) {
	address := edgetest.FreeAddress(t)
	e := edge(t, address, "trip_after 1\nopen_for 50ms\nopen_max 50ms", "")
	wantStatus(t, get(t, e), http.StatusBadGateway)
	server := &http.Server{Handler: answering(http.StatusNoContent)}
	go server.Serve(listen(t, address))
	defer server.Close()
	for deadline := time.Now().Add(5 * time.Second); get(t, e) != http.StatusNoContent; {
		if time.Now().After(deadline) {
			t.Fatal("not found")
		}
	}
	isState(t, e, address, breaker.Closed)
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		status int
		failOn string
		fails  bool
	}{
		{200, "", false}, {404, "", false}, {429, "", false}, {500, "", false}, {501, "", false},
		{502, "", true}, {503, "", true}, {504, "", true},
		{500, "fail_on 5xx", true}, {418, "fail_on 418 5xx", true}, {503, "fail_on 502", false},
	} {
		address := upstream(t, answering(test.status))
		e := edge(t, address, "trip_after 2", test.failOn)
		wantStatus(t, get(t, e), test.status)
		want := uint32(0)
		if test.fails {
			want = 1
		}
		hasFailures(t, e, address, want)
	}
}

func TestAnswersThatCannotBePassedOnAreFailures(t *testing.T) {
	for name, answer := range map[string]string{
		"a status below 100":      "HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n",
		"an unasked for protocol": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			address := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, answer)
			})
			e := edge(t, address, "trip_after 2", "")
			wantStatus(t, get(t, e), http.StatusBadGateway)
			hasFailures(t, e, address, 1)
		})
	}
}

func TestABodyThatBreaksOffIsAFailure(t *testing.T) {
	for name, length := range map[string]string{"of known length": "100", "of unknown length": ""} {
		t.Run(name, func(t *testing.T) {
			address := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = w.Write([]byte("half"))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			e := edge(t, address, "trip_after 3", "")
			for range 3 {
				wantStatus(t, get(t, e), 0)
			}
			isState(t, e, address, breaker.Open)
			if got := e.Breakers().Find(address).Snapshot().LastFailure; !strings.Contains(got, "broke off") {
				t.Errorf("last failure = %q", got)
			}
		})
	}
}

func TestASlowHeaderIsAFailureThoughTheAnswerStillComes(t *testing.T) {
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	address := upstream(t, func(http.ResponseWriter, *http.Request) { <-held })
	t.Cleanup(release) // before the upstream closes, which waits for its handlers
	e := edge(t, address, "trip_after 2", "slow_after 20ms")
	statuses := make(chan int, 2)
	for range 2 {
		go func() { statuses <- get(t, e) }()
	}
	isState(t, e, address, breaker.Open)
	release()
	for range 2 {
		wantStatus(t, <-statuses, http.StatusOK)
	}
	isState(t, e, address, breaker.Open)
}

func TestAFrozenUpstreamOpensItsBreakerThoughItsClientsGiveUp(t *testing.T) {
	address := edgetest.FreeAddress(t)
	listen(t, address) // the kernel accepts for it, and nothing ever answers
	e := edge(t, address, "trip_after 2", "slow_after 20ms")
	ctx, giveUp := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if res, err := e.Client.Do(req); err == nil {
				res.Body.Close()
				t.Errorf("answered with %d", res.StatusCode)
			}
		})
	}
	isState(t, e, address, breaker.Open)
	giveUp()
	clients.Wait()
	// at once, where it would have hung
	wantStatus(t, get(t, e), http.StatusServiceUnavailable)
}

func TestAClientThatLeavesIsNeitherSuccessNorFailure(t *testing.T) {
	arrived := make(chan struct{})
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path == "/stream" {
			_, _ = w.Write([]byte("begun"))
			_ = http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		<-r.Context().Done()
		arrived <- struct{}{}
	})
	e := edge(t, address, "trip_after 2", "")
	res, err := e.Client.Get(e.URL + "/fail")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	hasFailures(t, e, address, 1)
	for _, path := range []string{"/wait", "/stream"} {
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-arrived
			leave()
		}()
		if res, err := e.Client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		<-arrived // the attempt has ended upstream
		leave()
		hasFailures(t, e, address, 1)
	}
}

func TestAnUploadThatBreaksOffIsNotTheUpstreamsFailure(t *testing.T) {
	gone := make(chan struct{})
	address := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(gone)
	})
	e := edge(t, address, "trip_after 1", "")
	body, writer := io.Pipe()
	go func() {
		_, _ = writer.Write([]byte("half"))
		writer.CloseWithError(errors.New("the client is gone"))
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Client.Do(req); err == nil {
		t.Error("a broken upload succeeded")
	}
	<-gone
	hasFailures(t, e, address, 0)
}

func TestASlowUploadIsNotTheUpstreamsFailure(t *testing.T) {
	const slowAfter = 50 * time.Millisecond
	address := upstream(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	e := edge(t, address, "trip_after 1", "slow_after "+slowAfter.String())
	body, writer := io.Pipe()
	go func() {
		for range 3 {
			_, _ = writer.Write([]byte("drop"))
			// the client is slow; there is no other way to be
			<-time.After(2 * slowAfter)
		}
		writer.Close()
	}()
	res, err := e.Client.Post(e.URL, "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	wantStatus(t, res.StatusCode, http.StatusOK)
	hasFailures(t, e, address, 0)
}

func TestAnUpstreamThatTakesNoMoreOfAnUploadIsSlow(t *testing.T) {
	address := edgetest.FreeAddress(t)
	// the kernel accepts for it, and takes what fits its buffers
	listen(t, address)
	e := edge(t, address, "trip_after 1", "slow_after 20ms")
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, endless{})
	if err != nil {
		t.Fatal(err)
	}
	var client sync.WaitGroup
	client.Go(func() {
		if res, err := e.Client.Do(req); err == nil {
			res.Body.Close()
			t.Errorf("answered with %d", res.StatusCode)
		}
	})
	eventually(t, e, address, "opened by slowness", func(s breaker.Snapshot) bool {
		return s.State == breaker.Open && s.LastFailure == errSlow.Error()
	})
	leave()
	client.Wait()
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestEventsArriveOneByOneAndSurviveAReload(t *testing.T) {
	for name, reloads := range map[string]bool{"undisturbed": false, "over reloads": true} {
		t.Run(name, func(t *testing.T) {
			events := edgetest.NewEvents("one", "two", "three")
			address := upstream(t, events.ServeHTTP)
			e := edge(t, address, "trip_after 1", "")
			res, err := e.Client.Get(e.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			reload := 0
			events.Expect(t, res, func() {
				if reload++; reloads {
					e.Load(site(address, "trip_after 1", fmt.Sprintf("slow_after %ds", reload)))
				}
			})
			hasFailures(t, e, address, 0)
		})
	}
}

// openToProbe opens the upstream's breaker and waits until it admits a probe.
func openToProbe(t *testing.T, e *edgetest.Edge, address string) {
	t.Helper()
	e.Breakers().Find(address).Allow().Failure(errors.New("made to fail"))
	waitForProbe(t, e, address)
}

// waitForProbe waits until the upstream's breaker, which is open, admits a
// probe.
func waitForProbe(t *testing.T, e *edgetest.Edge, address string) {
	t.Helper()
	b := e.Breakers().Find(address)
	eventually(t, e, address, "ready to probe", func(breaker.Snapshot) bool { return b.Ready() })
}

func TestAStreamingProbeFreesItsPlaceWithItsHeader(t *testing.T) {
	held := make(chan struct{})
	end := sync.OnceFunc(func() { close(held) })
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/stream" {
			<-held
			panic(http.ErrAbortHandler)
		}
	})
	t.Cleanup(end) // before the upstream closes, which waits for its handlers
	e := edge(t, address, "trip_after 1\nopen_for 1ms", "")
	wantStatus(t, get(t, e), http.StatusOK)
	openToProbe(t, e, address)
	res, err := e.Client.Get(e.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	isState(t, e, address, breaker.Closed)
	wantStatus(t, get(t, e), http.StatusOK)

	end() // the stream dies, long after its probe has counted
	_, _ = io.Copy(io.Discard, res.Body)
	eventually(t, e, address, "opened by the stream that died", func(s breaker.Snapshot) bool {
		return strings.Contains(s.LastFailure, "broke off")
	})
}

func TestAFailedProbeOpensAgain(t *testing.T) {
	address := upstream(t, answering(http.StatusServiceUnavailable))
	e := edge(t, address, "trip_after 1\nopen_for 1ms", "")
	wantStatus(t, get(t, e), http.StatusServiceUnavailable)
	waitForProbe(t, e, address)
	get(t, e)
	eventually(t, e, address, "open for the second time", func(s breaker.Snapshot) bool {
		return s.State == breaker.Open && s.Openings == 2
	})
}

func TestWithOneOfTwoUpstreamsDeadEveryRequestIsAnswered(t *testing.T) {
	dead := edgetest.FreeAddress(t)
	var mu sync.Mutex
	var bodies []string
	alive := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, string(body))
	})
	for name, before := range map[string]string{"body read by the gateway": "test_read_body\n", "body untouched": ""} {
		t.Run(name, func(t *testing.T) {
			bodies = nil
			e := edgetest.Start(t, before+site(dead+" "+alive, "inner first\ntrip_after 5", "", "lb_retries 1"))
			for range 20 {
				wantStatus(t, send(t, e, http.MethodPost, `{"prompt":"cedar"}`), http.StatusOK)
			}
			isState(t, e, dead, breaker.Open)
			isState(t, e, alive, breaker.Closed)
			want := slices.Repeat([]string{`{"prompt":"cedar"}`}, 20)
			if !slices.Equal(bodies, want) {
				t.Errorf("bodies %q", bodies)
			}
		})
	}
}

func TestABodyThatOneUpstreamHasReadIsSentToTheNextWhole(t *testing.T) {
	breaks := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	got := make(chan string, 1)
	works := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	})
	e := edgetest.Start(t, "test_read_body\n"+site(breaks+" "+works, "inner first", "",
		"lb_retries 1", "lb_retry_match {\nmethod POST\n}"))
	wantStatus(t, send(t, e, http.MethodPost, "the body"), http.StatusOK)
	if body := <-got; body != "the body" {
		t.Errorf("body = %q", body)
	}
	hasFailures(t, e, breaks, 1)
}

func TestABodyOverTheLimitIsNotTheUpstreamsFailure(t *testing.T) {
	address := upstream(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	e := edgetest.Start(t, "request_body {\nmax_size 10B\n}\n"+site(address, "trip_after 1", ""))
	// of unknown length
	body := io.MultiReader(strings.NewReader(strings.Repeat("x", 100)))
	res, err := e.Client.Post(e.URL, "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode < 400 {
		t.Errorf("status = %d", res.StatusCode)
	}
	hasFailures(t, e, address, 0)
}

func TestActiveHealthChecksDoNotCount(t *testing.T) {
	var checks atomic.Int32
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			checks.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	e := edge(t, address, "trip_after 1", "", "health_uri /health", "health_interval 10ms", "health_fails 1000")
	for deadline := time.Now().Add(5 * time.Second); checks.Load() < 3 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	wantStatus(t, get(t, e), http.StatusOK)
	hasFailures(t, e, address, 0)
	if checks.Load() < 3 {
		t.Error("the health checks did not run")
	}
}

func TestAReloadKeepsTheBreakers(t *testing.T) {
	address := edgetest.FreeAddress(t)
	e := edge(t, address, "trip_after 1\nopen_for 1m\nopen_max 1m", "")
	wantStatus(t, get(t, e), http.StatusBadGateway)
	e.Load(site(address, "trip_after 2\nopen_for 1m\nopen_max 1m", ""))
	isState(t, e, address, breaker.Open)
	wantStatus(t, get(t, e), http.StatusServiceUnavailable)
}

func TestAnUpstreamThatAReloadRemovesTakesItsBreakerAlong(t *testing.T) {
	dead := edgetest.FreeAddress(t)
	e := edge(t, dead, "trip_after 1", "")
	wantStatus(t, get(t, e), http.StatusBadGateway)
	isState(t, e, dead, breaker.Open)
	alive := upstream(t, answering(http.StatusOK))
	e.Load(site(alive, "trip_after 1", ""))
	hasFailures(t, e, alive, 0) // before any request
	if e.Breakers().Find(dead) != nil {
		t.Errorf("left: %+v", e.Breakers().Snapshots())
	}
}

func TestOtherProtocolsUpstream(t *testing.T) {
	echoProtocol := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			w.WriteHeader(http.StatusAccepted)
		}
	})
	overTLS := httptest.NewUnstartedServer(echoProtocol)
	overTLS.EnableHTTP2 = true
	overTLS.StartTLS()
	t.Cleanup(overTLS.Close)
	clear := httptest.NewUnstartedServer(echoProtocol)
	clear.Config.Protocols = new(http.Protocols)
	clear.Config.Protocols.SetUnencryptedHTTP2(true)
	clear.Start()
	t.Cleanup(clear.Close)

	for name, upstream := range map[string]string{
		"HTTP/2 over TLS": "https://" + overTLS.Listener.Addr().String(),
		"HTTP/2 in clear": "h2c://" + clear.Listener.Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			option := ""
			if strings.HasPrefix(upstream, "https") {
				option = "tls_insecure_skip_verify"
			}
			e := edge(t, upstream, "trip_after 1", option)
			wantStatus(t, get(t, e), http.StatusAccepted)
			_, address, _ := strings.Cut(upstream, "://")
			hasFailures(t, e, address, 0)
		})
	}
}

func TestEachHalfWorksWithoutTheOther(t *testing.T) {
	address := upstream(t, answering(http.StatusServiceUnavailable))
	for name, site := range map[string]string{
		"transport alone": "reverse_proxy " + address + " {\ntransport gate\n}",
		"policy alone":    "reverse_proxy " + address + " {\nlb_policy gate_breaker {\ntrip_after 1\n}\n}",
	} {
		t.Run(name, func(t *testing.T) {
			e := edgetest.Start(t, site)
			for range 3 {
				wantStatus(t, get(t, e), http.StatusServiceUnavailable)
			}
			for _, b := range e.Breakers().Snapshots() {
				if b.State != breaker.Closed {
					t.Errorf("%+v", b)
				}
			}
		})
	}
}

// A reload of Caddy swaps listeners, and the kernel may reset a connection that
// nobody has accepted yet; clients connect again. What counts is that no
// request that was taken is answered with anything but the upstream's answer.
func TestAReloadUnderTrafficFailsNoRequest(t *testing.T) {
	address := upstream(t, answering(http.StatusOK))
	e := edge(t, address, "", "")
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status := get(t, e); status != 0 && status != http.StatusOK {
					t.Errorf("status %d during a reload", status)
					return
				}
			}
		})
	}
	for i := range 5 {
		e.Load(site(address, "trip_after "+string(rune('1'+i)), ""))
	}
	close(stop)
	clients.Wait()
}

func TestAnUpgradedConnectionStaysUsable(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString(line)
		_ = rw.Flush()
	})
	e := upgradingEdge(t, address, "echo")
	res, reader := exchange(t, e, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n")
	wantStatus(t, res.StatusCode, http.StatusSwitchingProtocols)
	if line, err := reader.ReadString('\n'); line != "hello\n" {
		t.Errorf("echo = %q, %v", line, err)
	}
	hasFailures(t, e, address, 0)
}
