package fallback

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/ladder"
)

const (
	prompt   = `{"prompt":"cedar","n":5}`
	annsCed  = `{"for":"ann","asked":"{\"prompt\":\"cedar\",\"n\":5}"}`
	reworded = ` { "n" : 5.0 , "prompt" : "\u0063edar" } `
)

func TestALiveAnswerPassesAsItIs(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	got := post(t, e, "/generate", prompt, as("ann"))
	wantServed(t, got, "live", annsCed)
	if got.header.Get("Age") != "" || got.header.Get("X-Engine") != "test" {
		t.Errorf("header %v", got.header)
	}
}

func TestADeadUpstreamIsCoveredByItsEarlierAnswer(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	wantServed(t, post(t, e, "/generate?a=1&b=2", prompt, as("ann"), set("Test-Limit", "before")), "live", annsCed)

	e.Load(site(standard, edgetest.FreeAddress(t))) // a reload keeps the answers
	got := post(t, e, "/generate?b=2&a=1", reworded, as("ann"), set("Test-Limit", "now"))
	wantServed(t, got, "stale", annsCed)
	for field, want := range map[string]string{
		"Age": "0", "X-Engine": "test", "Content-Type": "application/json",
		"Content-Length": strconv.Itoa(len(annsCed)), "Ratelimit": "now",
	} {
		if got.header.Get(field) != want || len(got.header[field]) != 1 {
			t.Errorf("%s: %q, want %q", field, got.header[field], want)
		}
	}
}

func TestEachWayOfBeingOutStepsDown(t *testing.T) {
	for _, status := range []int{502, 503, 504} {
		b := newBackend(t, jsonAnswer)
		e := start(t, standard, b.address)
		wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
		b.fail(status)
		got := post(t, e, "/generate", prompt, as("ann"))
		wantServed(t, got, "stale", annsCed)
		if got.header.Get("X-Failed") != "" || got.header.Get("X-Content-Type-Options") != "" {
			t.Errorf("the withheld answer shows: %v", got.header)
		}
	}
}

func TestOtherFailuresAreTheAnswer(t *testing.T) {
	for _, status := range []int{400, 404, 422, 429, 500, 501} {
		b := newBackend(t, jsonAnswer)
		e := start(t, standard, b.address)
		wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
		b.fail(status)
		got := post(t, e, "/generate", prompt, as("ann"))
		if got.status != status || got.header.Get(servedBy) != "live" || got.header.Get("X-Failed") != "yes" {
			t.Errorf("%d: got %v", status, got)
		}
	}
}

func TestNoPrincipalSeesAnothersAnswer(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	post(t, e, "/generate", prompt, set("Authorization", "Bearer ann"))
	post(t, e, "/generate", prompt, set("Cookie", "session=ann"))
	b.fail(503)
	for name, who := range map[string]header{
		"another": as("bob"), "nobody": as(""),
		"another's token":  set("Authorization", "Bearer bob"),
		"another's cookie": set("Cookie", "session=bob"),
	} {
		if got := post(t, e, "/generate", prompt, who); got.status != 503 || strings.Contains(got.body, "cedar") {
			t.Errorf("%s got %v", name, got)
		}
	}
	if got := post(t, e, "/generate", prompt, set("Authorization", "Bearer ann")); got.header.Get(servedBy) != "stale" {
		t.Errorf("the same token got %v", got)
	}
}

func TestAnotherRequestIsNotCovered(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	b.fail(503)
	wantUnavailable(t, post(t, e, "/generate", `{"prompt":"cedar","n":6}`, as("ann")))
	wantUnavailable(t, post(t, e, "/generate?seed=1", prompt, as("ann")))
	wantUnavailable(t, post(t, e, "/assess", prompt, as("ann")))
	wantUnavailable(t, do(t, e, http.MethodPut, "/generate", prompt, as("ann")))
	wantUnavailable(t, post(t, e, "/generate", prompt, as("ann"), set("Accept", "text/event-stream")))
	wantUnavailable(t, post(t, e, "/generate", prompt, as("ann"), set("Cache-Control", "no-cache")))
}

func TestARefusalSaysWhenToComeBack(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, "retry_after 4s", b.address) // no stale rung at all
	b.fail(503)
	seconds := func(header http.Header) int {
		n, err := strconv.Atoi(header.Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 10 {
		got := post(t, e, "/generate", prompt, as("ann"))
		wantUnavailable(t, got)
		if n := seconds(got.header); n < 4 || n > 6 {
			t.Errorf("Retry-After: %d, want 4 to 6", n)
		}
		if strings.Contains(got.body, "internals") || got.header.Get(servedBy) != "" {
			t.Errorf("got %v", got)
		}
	}
	b.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if n := seconds(post(t, e, "/generate", prompt, as("ann")).header); n < 20 || n > 30 {
		t.Errorf("Retry-After: %d where the upstream said 20", n)
	}
}

func TestARefusalOfTheGatewayIsNotCovered(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := edgetest.Start(t, `route {
		gate_fallback {
			stale
		}
		test_guard
		reverse_proxy `+b.address+`
	}
	handle_errors {
		gate_problem
	}`)
	wantServed(t, do(t, e, http.MethodGet, "/", ""), "live", `{"for":"","asked":""}`)
	got := do(t, e, http.MethodGet, "/", "", set("Test-Refuse", "1"))
	if got.status != 503 || !strings.Contains(got.body, "#policy-unavailable") {
		t.Errorf("got %v", got)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	large := strings.Repeat("x", 2000)
	for name, answer := range map[string]http.HandlerFunc{
		"no-store": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			jsonAnswer(w, r)
		},
		"created": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"over max_entry": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, large)
		},
		"over max_entry, of unknown length": func(w http.ResponseWriter, _ *http.Request) {
			for range 10 {
				_, _ = io.WriteString(w, large[:200])
				_ = http.NewResponseController(w).Flush()
			}
		},
		"events": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: x\n\n")
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, answer)
			e := start(t, "stale {\nmax_entry 1KiB\n}", b.address)
			if got := post(t, e, "/generate", prompt, as("ann")); got.header.Get(servedBy) != "live" {
				t.Fatalf("live: %v", got)
			}
			b.fail(503)
			wantUnavailable(t, post(t, e, "/generate", prompt, as("ann")))
		})
	}
}

func TestAnAnswerOfUnknownLengthIsKept(t *testing.T) {
	b := newBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, part := range []string{`{"a":`, `1}`} {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	})
	e := start(t, standard, b.address)
	wantServed(t, do(t, e, http.MethodGet, "/x", ""), "live", `{"a":1}`)
	b.fail(502)
	wantServed(t, do(t, e, http.MethodGet, "/x", ""), "stale", `{"a":1}`)
}

func TestHeadersOfTheSiteNeitherDecideNorSpoilWhatIsKept(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := edgetest.Start(t, `
	header {
		Cache-Control no-store
		>X-Engine e E
	}
	`+site(standard, b.address))
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	b.fail(503)
	for range 2 {
		got := post(t, e, "/generate", prompt, as("ann"))
		wantServed(t, got, "stale", annsCed)
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Engine") != "tEst" {
			t.Errorf("header %v", got.header)
		}
	}
}

func TestAStoredHeaderIsNotSharedWithResponses(t *testing.T) {
	answer := ladder.Answer{Status: 200, Header: http.Header{"X-Engine": {"test"}}}
	for range 2 {
		w := httptest.NewRecorder()
		serveStale(w, answer, 0)
		if got := w.Header()["X-Engine"][0]; got != "test" {
			t.Fatalf("X-Engine: %q", got)
		}
		w.Header()["X-Engine"][0] = "spoilt"
	}
}

func TestAnAnswerThatBreaksOffReachesTheClientAsThat(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	b.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	if got := post(t, e, "/generate", prompt, as("ann")); got.err == nil || got.status != 200 || got.body != "half" {
		t.Errorf("after the first byte: %v", got)
	}
	b.fail(503)
	// the one before
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "stale", annsCed)
}

func TestAWithheldAnswerThatBreaksOffIsCovered(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := start(t, standard, b.address)
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	b.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusBadGateway)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "stale", annsCed)
}

func TestEventsPassOneByOne(t *testing.T) {
	events := edgetest.NewEvents("one", "two", "three")
	b := newBackend(t, events.ServeHTTP)
	e := start(t, standard, b.address)
	res, err := e.Client.Post(e.URL+"/generate", "application/json", strings.NewReader(prompt))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get(servedBy) != "live" {
		t.Errorf("header %v", res.Header)
	}
	events.Expect(t, res, func() {})
}

func TestALargeBodyThatAModuleHasReadIsRemembered(t *testing.T) {
	b := newBackend(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strconv.FormatInt(n, 10))
	})
	e := start(t, standard, b.address)
	large := strings.Repeat("x", 2<<20)
	text := set("Content-Type", "text/plain")
	for _, read := range []header{set("Test-Read", "1"), set("Test-Read", "")} {
		wantServed(t, post(t, e, "/generate", large, text, read), "live", "2097152")
	}
	b.fail(503)
	wantServed(t, post(t, e, "/generate", large, text, set("Test-Read", "1")), "stale", "2097152")
	// passed through unread, so unknown
	wantUnavailable(t, post(t, e, "/generate", large, text))
}

func TestAnUploadOfUnknownLengthStreams(t *testing.T) {
	first := make(chan string)
	b := newBackend(t, func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 5)
		_, _ = io.ReadFull(r.Body, buf)
		first <- string(buf)
		_, _ = io.Copy(w, r.Body)
	})
	e := start(t, standard, b.address)
	body, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "begin")
		if got := <-first; got != "begin" { // would hang if the body were read whole
			t.Errorf("upstream read %q", got)
		}
		_, _ = io.WriteString(writer, "end")
		writer.Close()
	}()
	res, err := e.Client.Post(e.URL, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, _ := io.ReadAll(res.Body); string(got) != "end" {
		t.Errorf("got %q", got)
	}
}

func TestAClientThatLeavesIsNotServed(t *testing.T) {
	arrived := make(chan struct{}, 1)
	b := newBackend(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
		arrived <- struct{}{}
	})
	e := start(t, standard, b.address)
	live, unavailable := counter(t, "live"), counter(t, "unavailable")
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-arrived
		leave()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(prompt))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Client.Do(req); err == nil {
		t.Error("answered")
	}
	leave()
	<-arrived
	b.answer(jsonAnswer)
	post(t, e, "/generate", prompt, as("ann"))
	if got := counter(t, "unavailable"); got != unavailable {
		t.Errorf("counted as unavailable: %v", got-unavailable)
	}
	if got := counter(t, "live") - live; got != 1 {
		t.Errorf("%v live answers, want only that to the client that stayed", got)
	}
}

func TestTheWholeWayDownAndUp(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	chain := func(upstream string) string {
		return strings.Replace(site(standard, upstream), "trip_after 1000", "trip_after 2\nopen_for 1ms\nopen_max 1ms", 1)
	}
	e := edgetest.Start(t, chain(b.address))
	served := func(rung string, before float64) float64 { return counter(t, rung) - before }
	live, stale, unavailable := counter(t, "live"), counter(t, "stale"), counter(t, "unavailable")

	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	b.fail(503)
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "stale", annsCed)
	wantUnavailable(t, post(t, e, "/generate", prompt, as("bob")))
	guarded := e.Breakers().Find(b.address)
	if guarded.Snapshot().State != breaker.Open {
		t.Fatalf("after two failures: %+v", guarded.Snapshot())
	}

	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "stale", annsCed)
	wantUnavailable(t, post(t, e, "/generate", prompt, as("bob")))

	b.answer(jsonAnswer)
	for deadline := time.Now().Add(5 * time.Second); !guarded.Ready() && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	wantServed(t, post(t, e, "/generate", prompt, as("ann")), "live", annsCed)
	if l, s, u := served("live", live), served("stale", stale), served("unavailable", unavailable); l != 2 || s != 2 || u != 2 {
		t.Errorf("counted %v live, %v stale, %v unavailable", l, s, u)
	}
}
