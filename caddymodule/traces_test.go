package caddymodule_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
	"github.com/odordiff/odordiff/internal/tracingtest"
)

// told are the attributes that the trees below show.
var told = []string{
	"http.response.status_code", "odordiff.outcome", "odordiff.problem", "odordiff.reason", "odordiff.served_by",
	"odordiff.auth.method", "odordiff.breaker", "http.request.resend_count", "error.type",
}

const forbidding = `package gate

reasons := [{"id": "test.forbidden", "message": "No.", "severity": "high"} | input.body.prompt == "forbidden words"]

default verdict := [false, 403]

verdict := [true, 200] if {
	input.complete
	count(reasons) == 0
}

decision := {"allow": verdict[0], "status": verdict[1], "reasons": reasons, "obligations": [], "labels": []}
`

// traced is an edge with every gate, and what its upstream sees.
type traced struct {
	*edgetest.Edge
	t        *testing.T
	policies string
	token    string
	upstream *httptest.Server
	fails    atomic.Bool
	got      http.Header // of the last request that reached the upstream
	requests int
}

func startTraced(t *testing.T) *traced {
	t.Helper()
	key := keyring.Key{ID: "tokens", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("t", 32))}
	state := t.TempDir()
	t.Setenv("ODORDIFF_STATE", state)
	if err := (keyring.Keys{key}).Write(filepath.Join(state, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	minted, err := token.Mint(key, token.Claims{
		Subject: "ada", Issuer: "odordiff", Audience: []string{"odordiff"}, Expiry: time.Now().Add(time.Hour), IssuedAt: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := &traced{t: t, token: minted, policies: t.TempDir()}
	if err := os.WriteFile(filepath.Join(e.policies, "gate.rego"), []byte(forbidding), 0o600); err != nil {
		t.Fatal(err)
	}
	e.upstream = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.got = r.Header.Clone()
		if e.fails.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(e.upstream.Close)
	e.Edge = edgetest.Start(t, e.site(e.upstream.Listener.Addr().String()))
	return e
}

func (e *traced) site(upstreams string) string {
	return `route {
	gate_capacity
	gate_problem
	gate_limit key {http.request.header.X-Key} 2/1m
	gate_auth {
		jwt {
			issuer odordiff
			audience odordiff
		}
	}
	gate_policy {
		dir ` + e.policies + `
		timeout 5s
		prompt /prompt
	}
	gate_fallback {
		stale
	}
	reverse_proxy ` + upstreams + ` {
		lb_policy gate_breaker {
			inner first
		}
		lb_retries 1
		transport gate {
			dial_timeout 1s
		}
	}
}`
}

// send sends a prompt within a trace of its own, whose id it returns.
func (e *traced) send(key, bearer, prompt string) (traceID string) {
	e.t.Helper()
	e.requests++
	traceID = fmt.Sprintf("%032x", e.requests)
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.URL+"/generate?access_token=hidden", strings.NewReader(`{"prompt": "`+prompt+`"}`))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Key": {key}, "Authorization": {"Bearer " + bearer},
		"Traceparent": {"00-" + traceID + "-00f067aa0ba902b7-01"}, "Tracestate": {"stranger=words"}, "Baggage": {"stranger=words"},
	}
	if bearer == "" {
		delete(r.Header, "Authorization")
	}
	res, err := e.Client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	res.Body.Close()
	return traceID
}

// top waits for the span of the request of a trace. Those below it came before.
func top(t *testing.T, c *tracingtest.Collector, traceID string) tracingtest.Span {
	t.Helper()
	return c.Await(t, "the request of "+traceID, func(s tracingtest.Span) bool {
		return s.GetKind() == trace.Span_SPAN_KIND_SERVER && fmt.Sprintf("%x", s.GetTraceId()) == traceID
	})
}

const (
	allowedGates = `  gate_capacity odordiff.outcome=allowed
  gate_limit odordiff.outcome=allowed
  gate_auth odordiff.outcome=allowed odordiff.auth.method=jwt
  gate_policy odordiff.outcome=allowed
`
	live = `POST http.response.status_code=200 odordiff.outcome=allowed odordiff.served_by=live
` + allowedGates + `  gate_fallback odordiff.outcome=allowed odordiff.served_by=live
`
)

func TestOneTraceShowsEachGateAndEachAttempt(t *testing.T) {
	c := tracingtest.Start(t)
	c.Setenv(t)
	e := startTraced(t)
	want := func(what, traceID, tree string) {
		t.Helper()
		s := top(t, c, traceID)
		if got := c.Tree(s, told...); got != tree {
			t.Errorf("%s:\n%s, want\n%s", what, got, tree)
		}
		if s.Service != "odordiff-gateway" || s.Version == "" {
			t.Errorf("%s: of the service %q in version %q", what, s.Service, s.Version)
		}
		if parent := fmt.Sprintf("%x", s.GetParentSpanId()); parent != "00f067aa0ba902b7" {
			t.Errorf("%s: the parent is %s, not the client's", what, parent)
		}
	}

	want("allowed", e.send("a", e.token, "rose"), live+"    POST http.response.status_code=200 odordiff.breaker=closed\n")
	if got := e.got.Get("Traceparent"); !strings.HasSuffix(got, "-01") || strings.Contains(got, "00f067aa0ba902b7") {
		t.Errorf("the upstream's parent is %s, not the attempt", got)
	}
	if e.got.Get("Baggage") != "" || e.got.Get("Tracestate") != "" {
		t.Errorf("the upstream got a stranger's words: %v", e.got)
	}
	want("no credential", e.send("b", "", "rose"), `POST http.response.status_code=401 odordiff.outcome=refused odordiff.problem=credential-missing
  gate_capacity odordiff.outcome=allowed
  gate_limit odordiff.outcome=allowed
  gate_auth odordiff.outcome=refused odordiff.problem=credential-missing
`)
	want("a forbidden prompt", e.send("c", e.token, "forbidden words"), `POST http.response.status_code=403 odordiff.outcome=refused odordiff.problem=policy-denied
  gate_capacity odordiff.outcome=allowed
  gate_limit odordiff.outcome=allowed
  gate_auth odordiff.outcome=allowed odordiff.auth.method=jwt
  gate_policy odordiff.outcome=refused odordiff.problem=policy-denied odordiff.reason=test.forbidden
`)
	e.send("d", e.token, "rose")
	e.send("d", e.token, "rose")
	want("over a limit", e.send("d", e.token, "rose"), `POST http.response.status_code=429 odordiff.outcome=refused odordiff.problem=quota-exceeded
  gate_capacity odordiff.outcome=allowed
  gate_limit odordiff.outcome=refused odordiff.problem=quota-exceeded odordiff.reason=key
`)

	e.fails.Store(true)
	want("stale", e.send("e", e.token, "rose"), `POST http.response.status_code=200 odordiff.outcome=allowed odordiff.served_by=stale
`+allowedGates+`  gate_fallback odordiff.outcome=allowed odordiff.served_by=stale
    POST http.response.status_code=503 odordiff.breaker=closed error.type=503
`)
	want("nothing kept", e.send("f", e.token, "unheard of"), `POST http.response.status_code=503 odordiff.outcome=refused odordiff.problem=upstream-unavailable odordiff.served_by=unavailable error.type=upstream-unavailable
`+allowedGates+`  gate_fallback odordiff.outcome=refused odordiff.problem=upstream-unavailable odordiff.served_by=unavailable error.type=upstream-unavailable
    POST http.response.status_code=503 odordiff.breaker=closed error.type=503
`)
	e.fails.Store(false)

	e.Load(e.site(edgetest.FreeAddress(t) + " " + e.upstream.Listener.Addr().String()))
	want("a retry", e.send("g", e.token, "rose"), live+`    POST odordiff.breaker=closed error.type=connection
    POST http.response.status_code=200 odordiff.breaker=closed http.request.resend_count=1
`)

	wantDiscreet(t, c, e.token)
}

// wantDiscreet makes sure that no span has what it must not have.
func wantDiscreet(t *testing.T, c *tracingtest.Collector, credential string) {
	t.Helper()
	all := c.Everything()
	for what, text := range map[string]string{
		"a prompt": "forbidden words", "another prompt": "unheard of", "a token": credential, "a query": "hidden",
		"baggage": "stranger", "a whole address": `client.address", "value": {"stringValue": "127.0.0.1"`,
	} {
		if strings.Contains(strings.ReplaceAll(all, "  ", " "), text) {
			t.Errorf("%s is in a span", what)
		}
	}
	s := c.Await(t, "an address", func(s tracingtest.Span) bool { return s.Attribute("client.address") != "" })
	if got := s.Attribute("client.address"); got != "127.0.0.0" {
		t.Errorf("the client's address is %s, not masked", got)
	}
}

func TestAClientDoesNotDecideWhatIsSampled(t *testing.T) {
	c := tracingtest.Start(t)
	c.Setenv(t)
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0")
	t.Run("edge", func(t *testing.T) { // at its end, all spans are sent
		e := startTraced(t)
		id := e.send("a", e.token, "rose")
		if got := e.got.Get("Traceparent"); !strings.HasPrefix(got, "00-"+id) || !strings.HasSuffix(got, "-00") {
			t.Errorf("the upstream is told %s", got)
		}
	})
	if all := c.Everything(); all != "" {
		t.Errorf("spans were made: %s", all)
	}
}

func TestWithoutACollectorATraceparentPassesAsItIs(t *testing.T) {
	e := startTraced(t)
	id := e.send("a", e.token, "rose")
	if got := e.got.Get("Traceparent"); got != "00-"+id+"-00f067aa0ba902b7-01" {
		t.Errorf("the upstream is told %s", got)
	}
	if got := e.got.Get("Baggage"); got != "" {
		t.Errorf("the upstream got baggage: %s", got)
	}
}
