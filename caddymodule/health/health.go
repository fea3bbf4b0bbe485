// Package health has the handler gate_health, which answers probes, and shows
// details of the gateway's health to those who may see them.
package health

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler answers GET and HEAD for paths that end in
//
//   - /health/live with 200: the process is up and serves;
//   - /health/ready with 200, or with 503 and the names of the critical checks
//     that failed, and while the server is shutting down. It does not wait for
//     a slow check, and uses the last results;
//   - /health with the status of the whole, 200 or 503, and with every check's
//     details and history for a principal with details_scope (gate_auth stands
//     before it).
//
// Other paths go on to the next handler. Besides its own checks, it reports
// those of other gate modules, such as redis and policy.
type Handler struct {
	// What must answer for the service to be useful.
	Upstreams []Upstream `json:"upstreams,omitempty"`

	// The directory whose file system is checked, and the percentages in use from
	// which it is degraded or failed. Default: Caddy's data directory, 90 and 98.
	Disk *Disk `json:"disk,omitempty"`

	// The percentages of the host's memory in use from which it is degraded or
	// failed. Default: 95, and never failed.
	Memory *Memory `json:"memory,omitempty"`

	// The five-minute load average per CPU from which the host is degraded or
	// failed. Default: 4, and never failed.
	Load *Load `json:"load,omitempty"`

	// How long one of these checks may take, up to 1m. Default: 2s.
	Timeout *caddy.Duration `json:"timeout,omitempty"`

	// How long a result is used before the check runs again, up to 1h. Default:
	// 5s.
	Interval *caddy.Duration `json:"interval,omitempty"`

	// The scope that a principal needs to see the checks' details. They name
	// addresses, directories and faults, which only operators should see. Default:
	// none, so that every principal sees them.
	DetailsScope string `json:"details_scope,omitempty"`

	// Whether to answer only the two probes, without checks of its own: for a
	// listener of plain HTTP beside the site. No other option may be set with it.
	// Ready then reports what that site and the other modules check.
	ProbesOnly bool `json:"probes_only,omitempty"`

	entrance gate.Entrance
	registry *healthcheck.Registry
	maxWait  time.Duration
	cleanups []func()
}

// maxWait is how long a probe and a scrape wait for running checks before they
// get the last results. Balancers and kubelets allow about a second for the
// whole request, and an answer that comes too late counts as none.
const maxWait = 300 * time.Millisecond

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_health",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision registers the checks with the gate app.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance, h.registry = app.Entrance(ctx).Unguarded(), app.Health()
	h.maxWait = maxWait
	if h.ProbesOnly {
		return h.checkProbesOnly()
	}
	if err := h.Options().Provision(); err != nil {
		return err
	}
	h.setDefaults()
	if err := h.check(); err != nil {
		return err
	}
	h.register()
	return gate.RegisterMetrics(ctx, collector{h.registry, h.maxWait})
}

// Cleanup removes the checks.
func (h *Handler) Cleanup() error {
	for _, cleanup := range h.cleanups {
		cleanup()
	}
	h.cleanups = nil
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve answers the health paths.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, _ *exchange.Exchange, next caddyhttp.Handler) error {
	answer := h.answerFor(r.URL.Path)
	if answer == nil {
		return next.ServeHTTP(w, r)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return gate.Refuse(w, r, problem.MethodNotAllowed.
			New(fmt.Sprintf("ask %s with GET or HEAD", r.URL.Path)).
			Header("Allow", "GET, HEAD"))
	}
	return answer(r).write(w)
}

func (h *Handler) answerFor(path string) func(*http.Request) response {
	switch {
	case strings.HasSuffix(path, "/health/live"):
		return live
	case strings.HasSuffix(path, "/health/ready"):
		return h.ready
	case strings.HasSuffix(path, "/health") && !h.ProbesOnly:
		return h.whole
	}
	return nil
}

// live checks nothing: a process that answers is alive, and a restart would not
// repair what it depends on.
func live(*http.Request) response {
	return response{Status: healthcheck.OK}
}

func (h *Handler) ready(r *http.Request) response {
	if shuttingDown(r) {
		return response{Status: healthcheck.Failed, Failing: []string{"shutting down"}}
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.maxWait)
	defer cancel()
	report := h.registry.Report(ctx)
	return response{Status: report.Status, Failing: report.Failing()}
}

// whole waits for every check, because its reader wants to know the state of
// this moment.
func (h *Handler) whole(r *http.Request) response {
	report := h.registry.Report(r.Context())
	answer := response{Status: report.Status}
	if h.showsDetails(gate.ExchangeOf(r).Principal) {
		answer.Checks = viewsOf(report.Checks)
	}
	return answer
}

// showsDetails reports whether a principal sees the details. Without the scope,
// it still sees the status.
func (h *Handler) showsDetails(p *exchange.Principal) bool {
	if p == nil {
		return false
	}
	return h.DetailsScope == "" || slices.Contains(p.Scopes, h.DetailsScope)
}

// shuttingDown reports whether Caddy waits for its shutdown_delay, so that
// balancers stop sending before the server stops answering.
func shuttingDown(r *http.Request) bool {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return false
	}
	value, _ := repl.Get("http.shutting_down")
	down, _ := value.(bool)
	return down
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
)
