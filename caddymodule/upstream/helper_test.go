package upstream

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/breaker"
)

func init() {
	caddy.RegisterModule(readBody{})
	httpcaddyfile.RegisterHandlerDirective("test_read_body", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return readBody{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("test_read_body", httpcaddyfile.Before, "reverse_proxy")
}

// readBody reads the request's body by the exchange, as gate_policy does.
type readBody struct{}

func (readBody) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_read_body", New: func() caddy.Module { return new(readBody) }}
}

func (*readBody) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (readBody) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if _, err := gate.ExchangeOf(r).Body(r, 1<<20); err != nil {
		return caddyhttp.Error(http.StatusBadRequest, err)
	}
	return next.ServeHTTP(w, r)
}

// upstream serves with the handler on a loopback port and returns its address.
func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// edge starts a Caddy that proxies to the upstreams. The options are the
// policy's and the transport's, line by line, and further ones of
// reverse_proxy.
func edge(t *testing.T, upstreams, policy, transport string, more ...string) *edgetest.Edge {
	t.Helper()
	return edgetest.Start(t, site(upstreams, policy, transport, more...))
}

func site(upstreams, policy, transport string, more ...string) string {
	return fmt.Sprintf(`reverse_proxy %s {
		lb_policy gate_breaker {
			%s
		}
		transport gate {
			dial_timeout 1s
			%s
		}
		%s
	}`, upstreams, policy, transport, strings.Join(more, "\n"))
}

// get returns the status of a GET, 0 where the response broke off.
func get(t *testing.T, e *edgetest.Edge) int {
	t.Helper()
	return send(t, e, http.MethodGet, "")
}

func send(t *testing.T, e *edgetest.Edge, method, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.Client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

func wantStatus(t *testing.T, got, want int) {
	t.Helper()
	if got != want {
		t.Fatalf("status = %d, want %d", got, want)
	}
}

// eventually waits until the breaker is as wanted: Caddy's handlers may still
// be at work when the client has its answer.
func eventually(t *testing.T, e *edgetest.Edge, id string, what string, as func(breaker.Snapshot) bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		b := e.Breakers().Find(id)
		if b != nil && as(b.Snapshot()) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("breaker %s is not %s: %+v", id, what, e.Breakers().Snapshots())
		}
		time.Sleep(time.Millisecond)
	}
}

func isState(t *testing.T, e *edgetest.Edge, id string, want breaker.State) {
	t.Helper()
	eventually(t, e, id, want.String(), func(s breaker.Snapshot) bool { return s.State == want })
}

func hasFailures(t *testing.T, e *edgetest.Edge, id string, want uint32) {
	t.Helper()
	eventually(t, e, id, fmt.Sprintf("closed with %d failures", want), func(s breaker.Snapshot) bool {
		return s.State == breaker.Closed && s.Failures == want
	})
}

// listen takes the address again, which was given up before.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
