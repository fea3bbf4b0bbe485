// Package capacity bounds what clients can make the gateway hold at a time:
// gate_connections their connections, gate_capacity their open requests. Both
// count by address and in all; the counting is done by internal/slots.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/slots"
)

func init() { caddy.RegisterModule(Handler{}) }

// openRequests is the name of this limit for clients and operators.
const openRequests = "open-requests"

// waiting is how many requests may wait for each that may be open. A waiting
// request takes about 20 KB, and its body is not read.
const waiting = 4

// Handler bounds how many requests are open at a time: for one address, and in
// all. Further requests wait. After the wait they are refused: with 429 if
// their own address has too many open, with 503 if all together have. Addresses
// take turns, so one that sends many does not keep the others waiting for long.
//
// The address is the client's, as trusted_proxies finds it; IPv6 addresses of
// one /64 count as one. The handler stands first in a site, because it bounds
// what all other handlers hold: the memory of a body that is being read, judged
// or sent on.
type Handler struct {
	// How many requests of one address may be open. Default: 64.
	PerAddress *int `json:"per_address,omitempty"`

	// How many requests may be open in all. Default: 1024.
	Total *int `json:"total,omitempty"`

	// How long a request may wait, up to one minute. Default: 5s.
	Wait *caddy.Duration `json:"wait,omitempty"`

	entrance gate.Entrance
	slots    *slots.Slots
	wait     time.Duration
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_capacity",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision gets the slots. A config with the same bounds as before keeps them.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.Options().Provision(); err != nil {
		return err
	}
	bounds, err := boundsOf(*h.PerAddress, *h.Total)
	if err != nil {
		return err
	}
	bounds.Waiting = waiting * bounds.All
	h.wait = time.Duration(*h.Wait)
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx).Unguarded()
	if h.slots, err = app.Slots("requests", bounds); err != nil {
		return err
	}
	return gate.RegisterMetrics(ctx, collectors...)
}

// boundsOf returns the bounds if they agree.
func boundsOf(each, all int) (slots.Bounds, error) {
	if all < each {
		return slots.Bounds{}, fmt.Errorf("total is %d: it must be per_address (%d) or more", all, each)
	}
	return slots.Bounds{Each: each, All: all}, nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve passes the request on once it has a slot.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	// All that is not an address shares the same slots.
	addr, _ := netip.ParseAddr(x.ClientIP)
	network := slots.Network(addr)
	if err := h.acquire(r.Context(), network); err != nil {
		return h.refuse(w, r, err)
	}
	open.Inc()
	defer func() {
		open.Dec()
		h.slots.Release(network)
	}()
	return next.ServeHTTP(w, r)
}

// acquire takes a slot. Only a request that has to wait needs a timer.
func (h *Handler) acquire(ctx context.Context, network netip.Prefix) error {
	if h.slots.TryAcquire(network) == nil {
		return nil
	}
	queued.Inc()
	defer queued.Dec()
	ctx, cancel := context.WithTimeout(ctx, h.wait)
	defer cancel()
	return h.slots.Acquire(ctx, network)
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return gate.Refuse(w, r, problem.ForStatus(problem.StatusClientLeft).Because(err))
	}
	refused.WithLabelValues("request", reason(err)).Inc()
	p := problem.Overloaded.New("Too many requests are open. Try again shortly.")
	if errors.Is(err, slots.ErrEach) {
		p = problem.QuotaExceeded.New("Your address has too many requests open. Wait for answers before you send more.").
			With("violated-policies", []string{openRequests})
	}
	return gate.Refuse(w, r, p.RetryAfter(h.wait).Because(err).By(openRequests))
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
)
