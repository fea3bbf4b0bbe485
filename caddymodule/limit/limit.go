// Package limit has the directive gate_limit, which limits how much a client, a
// principal or everyone may ask for in a window of time. It turns a request
// into charges and the verdict into HTTP; internal/window does the counting.
package limit

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/window"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler charges each request to one or more limits, all in one atomic step.
// If one of them has no room, it charges none and refuses the request with 429.
// Every response, allowed or refused, states the limits in RateLimit and
// RateLimit-Policy.
//
// The gate app decides where the usage is kept: in this process, or in Redis
// for all gateways.
type Handler struct {
	// The limits, in the order in which responses state them. At least one is
	// needed unless senders are denied.
	Limits []Limit `json:"limits,omitempty"`

	// Client addresses to which no limit applies, as CIDR ranges or single
	// addresses.
	Allow []string `json:"allow,omitempty"`

	// Client addresses that are refused with 403, as CIDR ranges or single
	// addresses. They are refused even if they are also in allow.
	Deny []string `json:"deny,omitempty"`

	// Principals to whom no limit applies, or who are refused with 403, also if
	// they or their addresses are allowed too. It needs a gate_auth before.
	Principals []Principal `json:"principals,omitempty"`

	// Whether to set X-RateLimit-Limit, -Remaining and -Reset too, for clients
	// that know no others, of the limit of which the least is left. The reset is
	// told in seconds from now, or as a timestamp in seconds since 1970. Default:
	// not.
	XRateLimit string `json:"x_ratelimit,omitempty"`

	// Limits that decide and count but never refuse; clients are told nothing of
	// them. In JSON, each limit has its own shadow.
	shadow      []string
	allow, deny addressList
	entrance    gate.Entrance
	store       window.Store
	logger      *zap.Logger
	policies    *lastText
	settles     bool // a limit does
	inFlight    inflight.Store
	shared      bool // inFlight, with other gateways
	queue       *queue.Queue
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_limit",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision parses the limits and gets their store.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.configure(); err != nil {
		return err
	}
	if err := h.provisionMatchers(ctx); err != nil {
		return err
	}
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance, h.store = app.Entrance(ctx), app.Limits()
	h.logger = ctx.Logger()
	h.declare(app)
	h.provisionInFlight(ctx, app)
	return gate.RegisterMetrics(ctx, collectors...)
}

func (h *Handler) configure() error {
	if err := h.Options().Provision(); err != nil {
		return err
	}
	h.policies = new(lastText)
	h.allow, h.deny = option.Prefixes(h.Allow), option.Prefixes(h.Deny)
	if len(h.Limits) == 0 && len(h.Deny) == 0 && !h.denyAnyPrincipal() {
		return errors.New("limits: missing: this gate_limit limits nothing; write one, such as gate_limit client {client_ip} 60/1m, or senders to deny")
	}
	if n := len(h.Limits); n > window.MaxCharges {
		return fmt.Errorf("%d limits in one gate_limit: at most %d", n, window.MaxCharges)
	}
	seen := make(map[string]bool, len(h.Limits))
	for i := range h.Limits {
		l := &h.Limits[i]
		if err := l.configure(); err != nil {
			return fmt.Errorf("limit %q: %w", l.Name, err)
		}
		if seen[l.Name] {
			return fmt.Errorf("limit %q is there twice: each limit of a gate_limit needs its own name", l.Name)
		}
		seen[l.Name] = true
		h.settles = h.settles || len(l.Settle) > 0
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve charges the request and passes it on, or refuses it.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	if refusal := h.denied(x); refusal != nil {
		return gate.Refuse(w, r, refusal)
	}
	if len(h.Limits) == 0 || h.exempt(x) {
		return next.ServeHTTP(w, r)
	}
	var b bill
	if err := h.charge(r, x, &b); err != nil {
		if refusal, ok := errors.AsType[*problem.Problem](err); ok {
			return gate.Refuse(w, r, refusal)
		}
		return err // of a matcher, as that of a route
	}
	if b.empty() {
		return next.ServeHTTP(w, r)
	}
	a, err := h.admit(r, x, &b)
	if err != nil {
		return h.undecided(w, r, err)
	}
	if a.held != nil {
		h.underWay(&a, 1)
		defer func() {
			h.underWay(&a, -1)
			h.release(&b, a.held)
		}()
	}
	h.count(&a)
	h.tell(&x.Response, &b, &a)
	if a.waited != nil {
		x.Response.OnHead(a.waited)
	}
	if !a.allowed {
		return gate.Refuse(w, r, a.refusal(&b))
	}
	for _, s := range a.states {
		if told(s) {
			x.Limits = append(x.Limits, exchange.LimitState{Name: s.Limit.Name, Remaining: s.Remaining})
		}
	}
	return next.ServeHTTP(h.measure(w, r, x, &b, a.charged), r)
}

// undecided refuses a request for which no decision could be made.
func (h *Handler) undecided(w http.ResponseWriter, r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return gate.Refuse(w, r, problem.ForStatus(problem.StatusClientLeft).Because(err))
	}
	storeErrors.Inc()
	return gate.Refuse(w, r, problem.LimitUnavailable.New("").RetryAfter(jitter(time.Second)).Because(err))
}

// told reports whether clients are told of a limit: not of a shadow, nor of one
// that is lifted.
func told(s window.State) bool { return !s.Limit.Shadow && !s.Lifted }

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
)
