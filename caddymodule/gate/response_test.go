package gate_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	_ "github.com/odordiff/odordiff/caddymodule/fallback" // gate_fallback
	"github.com/odordiff/odordiff/caddymodule/gate"
	_ "github.com/odordiff/odordiff/caddymodule/problem" // gate_problem
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(author{})
	httpcaddyfile.RegisterHandlerDirective("test_author", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return &author{Does: h.RemainingArgs()}, nil
	})
}

// author is a gate handler as the author of a module writes one. It does what
// its arguments say.
type author struct {
	Does []string `json:"does,omitempty"`

	entrance gate.Entrance
}

// outcomes gets what the handlers that listen are told.
var outcomes = make(chan exchange.Outcome, 100)

func (author) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_author", New: func() caddy.Module { return new(author) }}
}

func (a *author) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	a.entrance = app.Entrance(ctx)
	return nil
}

func (a *author) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return a.entrance.Enter(w, r, next, a)
}

func (a *author) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	does := func(what string) bool { return slices.Contains(a.Does, what) }
	if does("listen") {
		x.Response.OnOutcome(func(o exchange.Outcome) { outcomes <- o })
	}
	if does("set") {
		x.Response.Set("X-At-Last", "ours")
	}
	switch {
	case does("refuse"):
		return gate.Refuse(w, r, problem.PolicyDenied.New("for the test"))
	case does("panic"):
		panic(http.ErrAbortHandler)
	case does("watch"):
		seen := new(witness)
		x.Response.OnOutcome(func(exchange.Outcome) { bodies <- seen.body.String() })
		w = exchange.Watch(w, seen)
	}
	return next.ServeHTTP(w, r)
}

// bodies gets what the handlers that watch saw.
var bodies = make(chan string, 100)

// witness makes a 200 a 203, and keeps what it sees of the body.
type witness struct{ body strings.Builder }

func (s *witness) Begin(head *exchange.Head) exchange.Action {
	if head.Status == http.StatusOK {
		head.Status = http.StatusNonAuthoritativeInfo
	}
	head.Header.Del("X-Upstream")
	return exchange.Show
}

func (s *witness) Body(part []byte) { s.body.Write(part) }

// start runs a site. When the test ends, all of its outcomes must have been
// told.
func start(t *testing.T, site string) *edgetest.Edge {
	t.Helper()
	return startEdited(t, site, func(config []byte) []byte { return config })
}

func startEdited(t *testing.T, site string, edit func([]byte) []byte) *edgetest.Edge {
	t.Helper()
	t.Cleanup(func() {
		for len(outcomes) > 0 { // Caddy has stopped.
			t.Errorf("told once more: %+v", <-outcomes)
		}
	})
	return edgetest.StartEdited(t, site, edit)
}

// upstream runs a server and returns its address.
func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// ask sends a request and returns the answer and its whole body.
func ask(t *testing.T, e *edgetest.Edge, method, path string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := e.Client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// get is ask where an answer must come.
func get(t *testing.T, e *edgetest.Edge, path string) (*http.Response, string) {
	t.Helper()
	res, body, err := ask(t, e, http.MethodGet, path)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// wantTold takes the next outcome, which must be the one wanted but for its
// times.
func wantTold(t *testing.T, want exchange.Outcome) {
	t.Helper()
	got := <-outcomes
	if got.Total <= 0 || got.FirstByte > got.Total {
		t.Errorf("first byte after %v of %v", got.FirstByte, got.Total)
	}
	got.FirstByte, got.Total = 0, 0
	if got != want {
		t.Errorf("told %+v, want %+v", got, want)
	}
}

func TestWhateverIsAnsweredHasTheFieldsThatAreSetAtLast(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-At-Last"] = []string{"theirs", "and more"}
		if r.URL.Path == "/out" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	e := start(t, "gate_problem\nroute {\ntest_author set\ngate_fallback {\nstale\n}\nreverse_proxy "+address+"\n}")
	for path, status := range map[string]int{"/": http.StatusOK, "/out": http.StatusServiceUnavailable} {
		res, _ := get(t, e, path)
		if got := res.Header.Values("X-At-Last"); res.StatusCode != status || !slices.Equal(got, []string{"ours"}) {
			t.Errorf("%s: %d with X-At-Last %q", path, res.StatusCode, got)
		}
	}
}

func TestAWatcherSeesTheUpstreamsAnswerAndMayChangeIt(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("X-Upstream", "secret")
		_, _ = io.WriteString(w, strings.Repeat("plain ", 200))
	})
	for encoding, encode := range map[string]string{"": "", "gzip": "encode gzip\n"} {
		t.Run(encoding, func(t *testing.T) {
			e := start(t, "route {\ntest_author\n"+encode+"test_author watch\nreverse_proxy "+address+"\n}")
			res, _ := get(t, e, "/")
			if res.StatusCode != http.StatusNonAuthoritativeInfo || res.Header.Get("X-Upstream") != "" {
				t.Errorf("answered %d %v", res.StatusCode, res.Header)
			}
			if got := <-bodies; got != strings.Repeat("plain ", 200) {
				t.Errorf("it saw the body %.50q", got)
			}
			if got := res.Header.Get("Content-Encoding"); got != encoding {
				t.Errorf("the client got the encoding %q", got)
			}
		})
	}
}

func TestAWatchedStreamPassesEventByEventOverAReload(t *testing.T) {
	events := edgetest.NewEvents("cedar", "rose", "musk")
	address := upstream(t, events.ServeHTTP)
	site := "route {\ntest_author listen watch set\nreverse_proxy " + address + " {\nstream_close_delay 1m\n}\n}"
	e := start(t, site)
	res, err := e.Client.Get(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	loads := 0
	events.Expect(t, res, func() {
		loads++
		e.Load(site + "\nheader X-Reload " + strconv.Itoa(loads))
	})
	wantTold(t, exchange.Outcome{Status: http.StatusNonAuthoritativeInfo, Bytes: 37, Upstream: address})
	if got := <-bodies; got != "data: cedar\n\ndata: rose\n\ndata: musk\n\n" {
		t.Errorf("the watcher saw %q", got)
	}
}

func TestARefusalHasOneOutcomeWhoeverAnswersIt(t *testing.T) {
	for name, test := range map[string]struct {
		errors string
		status int
		body   string
	}{
		"gate_problem in handle_errors":                {"handle_errors {\ngate_problem\n}", 403, "#policy-denied"},
		"another handle_errors":                        {"handle_errors {\nrespond no 418\n}", 418, "no"},
		"no handle_errors":                             {"", 403, ""},
		"a handle_errors that is for other errors":     {"handle_errors 404 {\nrespond no 418\n}", 403, ""},
		"a handle_errors that fails":                   {"handle_errors {\nerror no 502\n}", 403, ""},
		"a handle_errors that panics":                  {"handle_errors {\nroute {\ntest_author panic\n}\n}", 0, ""},
		"a gate handler in handle_errors that refuses": {"handle_errors {\nroute {\ntest_author refuse\n}\n}", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, "route {\ntest_author listen set\nheader X-At-Last theirs\ntest_author refuse\n}\n"+test.errors)
			res, body, err := ask(t, e, http.MethodGet, "/")
			want := exchange.Outcome{Status: test.status, Bytes: int64(len(body)), Refused: "policy-denied"}
			if test.status == 0 {
				want.Cut = exchange.ByServer
			}
			wantTold(t, want)
			if test.status == 0 {
				if err == nil {
					t.Errorf("answered %d %s", res.StatusCode, body)
				}
				return
			}
			if err != nil || res.StatusCode != test.status || !strings.Contains(body, test.body) {
				t.Errorf("answered %v %s: %v", res, body, err)
			}
			if got := res.Header.Values("X-At-Last"); !slices.Equal(got, []string{"ours"}) {
				t.Errorf("X-At-Last: %q", got)
			}
		})
	}
}

// subrouted gives the first subroute of the site error routes of its own, which
// a Caddyfile cannot.
func subrouted(errors string) func([]byte) []byte {
	return func(config []byte) []byte {
		const group = `{"handler":"subroute",`
		return bytes.Replace(config, []byte(group), []byte(group+`"errors":{"routes":[`+errors+`]},`), 1)
	}
}

func TestTheErrorRoutesOfASubrouteAreHeard(t *testing.T) {
	const (
		answers = `{"handle":[{"handler":"static_response","status_code":418,"body":"no"}]}`
		fails   = `{"handle":[{"handler":"error","status_code":502}]}`
	)
	for name, test := range map[string]struct {
		inner, outer string
		status       int
		body         string
	}{
		"they answer":                                   {answers, "", 418, "no"},
		"they fail, and the server answers":             {fails, "", 502, ""},
		"they fail, and the server's own routes answer": {fails, "handle_errors {\nrespond outer 410\n}", 410, "outer"},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEdited(t, "route {\ntest_author listen\ntest_author refuse\n}\n"+test.outer, subrouted(test.inner))
			res, body := get(t, e, "/")
			if res.StatusCode != test.status || body != test.body {
				t.Errorf("answered %d %s", res.StatusCode, body)
			}
			wantTold(t, exchange.Outcome{Status: test.status, Bytes: int64(len(test.body)), Refused: "policy-denied"})
		})
	}
}

func TestARequestHasOneOutcomeWhateverWayItGoes(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	for name, test := range map[string]struct {
		site string
		want exchange.Outcome
	}{
		"several handlers": {
			"gate_problem\nroute {\ntest_author listen\ntest_author\nroute {\ntest_author\nrespond ok\n}\n}",
			exchange.Outcome{Status: 200, Bytes: 2},
		},
		"a rewrite": {
			"route {\ntest_author listen\nrewrite /elsewhere\ntest_author\nrespond /elsewhere ok\n}",
			exchange.Outcome{Status: 200, Bytes: 2},
		},
		"nobody who answers": {"route {\ntest_author listen\n}", exchange.Outcome{Status: 200}},
		"a proxy": {
			"route {\ntest_author listen\nreverse_proxy " + address + "\n}",
			exchange.Outcome{Status: 200, Bytes: 2, Upstream: address},
		},
		"a ladder": {
			"route {\ntest_author listen\ngate_fallback\nreverse_proxy " + address + "\n}",
			exchange.Outcome{Status: 200, Bytes: 2, Upstream: address, ServedBy: "live"},
		},
		"an error that gate_problem answers in place": {
			"gate_problem\nroute {\ntest_author listen\nerror 404\n}\nhandle_errors {\nrespond no 418\n}",
			exchange.Outcome{Status: 404, Bytes: 253, Refused: "not-found"},
		},
		"an error before any gate handler": {
			"route {\nerror 404\n}\nhandle_errors {\nroute {\ntest_author listen\nrespond no 418\n}\n}",
			exchange.Outcome{Status: 418, Bytes: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, test.site)
			_, body := get(t, e, "/")
			test.want.Bytes = int64(len(body))
			wantTold(t, test.want)
		})
	}
}

// invoked makes a handler a named route, which "respond shared" invokes: the
// Caddyfile of a site cannot define one.
func invoked(line string) func([]byte) []byte {
	does := strings.Fields(line)
	return func(config []byte) []byte {
		config = bytes.Replace(config, []byte(`{"body":"shared","handler":"static_response"}`), []byte(`{"handler":"invoke","name":"shared"}`), 1)
		return bytes.Replace(config, []byte(`"listen":`), fmt.Appendf(nil,
			`"named_routes":{"shared":{"handle":[{"handler":%q,"does":["%s"]},{"handler":"static_response"}]}},"listen":`,
			does[0], strings.Join(does[1:], `","`)), 1)
	}
}

func TestANamedRouteHasOneOutcome(t *testing.T) {
	for name, test := range map[string]struct {
		does   string
		status int
	}{"answered": {"listen", 200}, "refused": {"listen refuse", 403}} {
		t.Run(name, func(t *testing.T) {
			e := startEdited(t, "respond shared\nhandle_errors {\ngate_problem\n}", invoked("test_author "+test.does))
			res, _ := get(t, e, "/")
			if o := <-outcomes; res.StatusCode != test.status || o.Status != test.status {
				t.Errorf("answered %d, told %+v", res.StatusCode, o)
			}
		})
	}
}

func TestAHEADHasTheOutcomeOfItsHeader(t *testing.T) {
	e := start(t, "route {\ntest_author listen set\nrespond ok 201\n}")
	res, _, err := ask(t, e, http.MethodHead, "/")
	if err != nil || res.StatusCode != http.StatusCreated || res.Header.Get("X-At-Last") != "ours" {
		t.Errorf("answered %v: %v", res, err)
	}
	if o := <-outcomes; o.Status != http.StatusCreated || o.Cut != exchange.Whole {
		t.Errorf("told %+v", o)
	}
}

func TestTheOutcomeSaysWhoCutTheAnswer(t *testing.T) {
	gone := make(chan struct{})
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/client" {
			<-r.Context().Done()
			close(gone)
			return
		}
		panic(http.ErrAbortHandler)
	})
	e := start(t, "route {\ntest_author listen\nreverse_proxy "+address+"\n}")
	if _, body, err := ask(t, e, http.MethodGet, "/upstream"); err == nil || body != "half" {
		t.Errorf("got %q, %v; want it to break off", body, err)
	}
	wantTold(t, exchange.Outcome{Status: 200, Bytes: 4, Upstream: address, Cut: exchange.ByServer})

	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/client", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	leave()
	res.Body.Close()
	<-gone
	wantTold(t, exchange.Outcome{Status: 200, Bytes: 4, Upstream: address, Cut: exchange.ByClient})
}

func TestAWebSocketHasOneOutcomeWhenItCloses(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = buffered.Flush()
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, strings.ToUpper(line))
	})
	e := startEdited(t, "route {\ntest_author listen set watch\nreverse_proxy "+address+"\n}", func(config []byte) []byte {
		return bytes.Replace(config, []byte(`"apps":{`), []byte(`"apps":{"gate":{"upgrade":["websocket"]},`), 1)
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("X-At-Last") != "ours" {
		t.Fatalf("answered %d %v", res.StatusCode, res.Header)
	}
	_, _ = io.WriteString(conn, "cedar\n")
	if line, err := reader.ReadString('\n'); line != "CEDAR\n" {
		t.Errorf("the socket gave %q, %v", line, err)
	}
	conn.Close()
	wantTold(t, exchange.Outcome{Status: http.StatusSwitchingProtocols, Upstream: address})
	if got := <-bodies; got != "" {
		t.Errorf("the watcher saw %q of the socket", got)
	}
}

func TestAPanicOfAHandlerIsToldAndGoesOn(t *testing.T) {
	e := start(t, "route {\ntest_author listen panic\n}")
	if res, _, err := ask(t, e, http.MethodGet, "/"); !errors.Is(err, io.EOF) {
		t.Errorf("answered %v, %v; want the connection to end", res, err)
	}
	told := 0
	for ; told == 0 || len(outcomes) > 0; told++ { // The client sends it again.
		wantTold(t, exchange.Outcome{Cut: exchange.ByServer})
	}
}
