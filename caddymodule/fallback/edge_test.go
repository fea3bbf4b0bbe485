package fallback

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	_ "github.com/odordiff/odordiff/caddymodule/problem"
	_ "github.com/odordiff/odordiff/caddymodule/upstream"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(guard{})
	httpcaddyfile.RegisterHandlerDirective("test_guard", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return guard{}, nil
	})
}

// guard stands for the modules around gate_fallback: it authenticates whoever
// the field Test-User names, reads the body, and refuses what Test-Refuse asks
// for.
type guard struct{}

func (guard) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_guard", New: func() caddy.Module { return new(guard) }}
}

func (guard) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := gate.ExchangeOf(r)
	if user := r.Header.Get("Test-User"); user != "" {
		x.Principal = &exchange.Principal{ID: user}
	}
	if r.Header.Get("Test-Read") != "" {
		if _, err := x.Body(r, 4<<20); err != nil {
			return caddyhttp.Error(http.StatusBadRequest, err)
		}
	}
	if r.Header.Get("Test-Refuse") != "" {
		return gate.Refuse(w, r, problem.PolicyUnavailable.New("for the test"))
	}
	w.Header().Set("RateLimit", r.Header.Get("Test-Limit"))
	return next.ServeHTTP(w, r)
}

// backend is an upstream that can be told how to answer.
type backend struct {
	address string
	handler atomic.Pointer[http.HandlerFunc]
}

func newBackend(t *testing.T, handler http.HandlerFunc) *backend {
	t.Helper()
	b := new(backend)
	b.answer(handler)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*b.handler.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	b.address = server.Listener.Addr().String()
	return b
}

func (b *backend) answer(handler http.HandlerFunc) { b.handler.Store(&handler) }

// fail makes the backend answer with the status.
func (b *backend) fail(status int) {
	b.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Failed", "yes")
		http.Error(w, "internals of the backend", status)
	})
}

// jsonAnswer answers with what it was sent, so that answers tell requests
// apart.
func jsonAnswer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Engine", "test")
	_, _ = fmt.Fprintf(w, `{"for":%q,"asked":%q}`, r.Header.Get("Test-User"), body)
}

const standard = "stale {\nttl 10m\n}\nretry_after 5s"

func start(t *testing.T, options, upstream string) *edgetest.Edge {
	t.Helper()
	return edgetest.Start(t, site(options, upstream))
}

func site(options, upstream string) string {
	return fmt.Sprintf(`
	route {
		test_guard
		gate_fallback {
			%s
		}
		reverse_proxy %s {
			lb_policy gate_breaker {
				trip_after 1000
			}
			transport gate {
				dial_timeout 1s
			}
		}
	}
	handle_errors {
		gate_problem
	}`, options, upstream)
}

// response is a response that was read whole.
type response struct {
	status int
	header http.Header
	body   string
	err    error // the response broke off
}

func (r response) String() string {
	return fmt.Sprintf("%d %s by %q %v", r.status, r.body, r.header.Get(servedBy), r.err)
}

type header func(*http.Request)

func as(user string) header { return set("Test-User", user) }

func set(field, value string) header {
	return func(r *http.Request) { r.Header.Set(field, value) }
}

func post(t *testing.T, e *edgetest.Edge, path, body string, options ...header) response {
	t.Helper()
	return do(t, e, http.MethodPost, path, body, append([]header{set("Content-Type", "application/json")}, options...)...)
}

func do(t *testing.T, e *edgetest.Edge, method, path, body string, options ...header) response {
	t.Helper()
	return send(t, e, method, path, strings.NewReader(body), options...)
}

// send is do with a body of any kind; of an unknown one, the length is not
// announced.
func send(t *testing.T, e *edgetest.Edge, method, path string, body io.Reader, options ...header) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range options {
		option(req)
	}
	res, err := e.Client.Do(req)
	if err != nil {
		return response{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return response{status: res.StatusCode, header: res.Header, body: string(text), err: err}
}

func wantServed(t *testing.T, got response, by, body string) {
	t.Helper()
	if got.status != http.StatusOK || got.header.Get(servedBy) != by || got.body != body || got.err != nil {
		t.Fatalf("got %v, want %s by %s", got, body, by)
	}
}

func wantUnavailable(t *testing.T, got response) {
	t.Helper()
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "#upstream-unavailable") ||
		got.header.Get("Content-Type") != problem.ContentType || got.header.Get("Retry-After") == "" {
		t.Fatalf("got %v %v, want the problem upstream-unavailable", got, got.header)
	}
}

// BenchmarkEdge compares Caddy's own proxy with the resilience modules around
// it.
func BenchmarkEdge(b *testing.B) {
	reply := strings.Repeat("x", 628)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, reply)
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	body := `{"prompt":"` + strings.Repeat("cedar ", 44) + `"}`
	for name, config := range map[string]string{
		"plain": "reverse_proxy " + address,
		"gate":  "gate_fallback {\nstale\n}\nreverse_proxy " + address + " {\nlb_policy gate_breaker {\ninner least_conn\n}\ntransport gate\n}",
	} {
		b.Run(name, func(b *testing.B) {
			e := edgetest.Start(b, config)
			b.ReportAllocs()
			for b.Loop() {
				res, err := e.Client.Post(e.URL, "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
}
