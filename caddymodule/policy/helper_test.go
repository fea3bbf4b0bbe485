package policy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
)

// TestMain holds the shipped policy over all tests, as a gateway does over
// reloads: admitting it anew for each would take most of their time.
func TestMain(m *testing.M) {
	h := &Handler{Dir: shippedDir, LastGood: off}
	config, err := caddy.ProvisionContext(&caddy.Config{Admin: &caddy.AdminConfig{Disabled: true}})
	if err != nil {
		panic(err)
	}
	ctx, cancel := caddy.NewContext(config)
	defer cancel()
	if err := h.Provision(ctx); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

const (
	shippedDir = "../../policies"
	route      = "/api/v1/generate"
)

// provisioned returns a handler of a live configuration, or why there is none.
func provisioned(t *testing.T, h *Handler) (*Handler, error) {
	t.Helper()
	config, err := caddy.ProvisionContext(&caddy.Config{Admin: &caddy.AdminConfig{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(config)
	t.Cleanup(cancel)
	err = h.Provision(ctx)
	t.Cleanup(func() {
		if err := h.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	return h, err
}

func shipped(t *testing.T) *Handler {
	t.Helper()
	h, err := provisioned(t, &Handler{
		Dir:     shippedDir,
		Schemas: []RouteSchema{{Route: route, Schema: "schemas/generate.json"}},
		Prompts: []string{"/prompt", "/messages/*/content"},
		// these tests are not about time
		Timeout: new(caddy.Duration(2 * time.Second)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// upstream records the request that got through.
type upstream struct {
	request *http.Request
	body    string
	answer  func(http.ResponseWriter) error
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	u.request, u.body = r, string(body)
	if err == nil && u.answer != nil {
		err = u.answer(w)
	}
	return err
}

func post(path, body string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// serve sends a request of an authenticated principal.
func serve(h *Handler, r *http.Request, u *upstream) (*httptest.ResponseRecorder, *http.Request, error) {
	w := httptest.NewRecorder()
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
	gate.ExchangeOf(r).Principal = &exchange.Principal{ID: "alice", Method: "jwt", Scopes: []string{"generate"}}
	return w, r, h.ServeHTTP(w, r, u)
}

func counted(t *testing.T, result string) float64 {
	t.Helper()
	return valueOf(t, decisions.WithLabelValues(result))
}

func valueOf(t *testing.T, counter prometheus.Counter) float64 {
	t.Helper()
	var metric dto.Metric
	if err := counter.Write(&metric); err != nil {
		t.Fatal(err)
	}
	return metric.GetCounter().GetValue()
}
