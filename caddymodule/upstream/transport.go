package upstream

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/breaker"
)

func init() {
	caddy.RegisterModule(Transport{})
}

// Transport is the transport gate: Caddy's HTTP transport, with all of its
// options, for use with `lb_policy gate_breaker`. Each attempt counts once for
// its upstream's breaker:
//
//   - as a failure, when no connection or response comes about, the header
//     takes longer than slow_after, the status is one of fail_on, or the body
//     breaks off;
//   - as neither, when the client leaves, its own upload fails or is slow, or
//     the request cannot be sent for a reason on this side, such as a line
//     break in a header field;
//   - as a success otherwise, when the body is complete. A half-open breaker's
//     probe succeeds with the response's header already, so that neither a long
//     stream nor a slow client holds one of its few places.
//
// A request body that the gateway has read, such as for gate_policy, is sent
// from memory, afresh for each attempt, so a POST can be retried on another
// upstream where Caddy finds that safe.
type Transport struct {
	*reverseproxy.HTTPTransport

	// Statuses that mean the upstream is not able to serve; 5 stands for 5xx. A
	// 500 is not among the defaults: it says as much about the request,
	// and one client's poisonous prompt should not shut out all others. A 503 with
	// Retry-After is: opening the breaker is what it asks for.
	// Default: 502, 503, 504.
	FailOn []int `json:"fail_on,omitempty"`

	// How long an upstream may take to send a response's header before the
	// attempt counts as failed. The time that the client takes for its upload does
	// not count: each part of it begins the time anew. The attempt itself goes on:
	// `response_header_timeout` ends it. An upstream that is frozen would not open
	// its breaker otherwise, since clients that give up waiting count neither way.
	// Default: 30s.
	SlowAfter *caddy.Duration `json:"slow_after,omitempty"`

	app *gate.App
}

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID: "http.reverse_proxy.transport.gate",
		New: func() caddy.Module {
			return &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)}
		},
	}
}

// Provision sets defaults and builds Caddy's transport.
func (t *Transport) Provision(ctx caddy.Context) error {
	if err := t.Options().Provision(); err != nil {
		return err
	}
	var err error
	if t.app, err = gate.AppOf(ctx); err != nil {
		return err
	}
	return t.HTTPTransport.Provision(ctx)
}

// RoundTrip makes one attempt.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !proxied(req) {
		return t.HTTPTransport.RoundTrip(req)
	}
	permit := permitOf(req)
	if refusal := t.app.CheckUpgrade(req); refusal != nil {
		if permit != nil {
			permit.Release()
		}
		return nil, gate.RefuseToSend(req, refusal)
	}
	req, inMemory := rewound(req)
	if permit == nil {
		return t.send(req)
	}
	return t.attempt(req, inMemory, permit)
}

// proxied reports whether the request belongs to a client. Caddy's active
// health checks use the same transport, but neither count nor carry an
// exchange.
func proxied(req *http.Request) bool {
	return req.Context().Value(caddyhttp.ServerCtxKey) != nil
}

// rewound returns the request with a fresh reader of its body, if the gateway
// has read it into memory. The request itself stays as it is, as a RoundTripper
// must leave it.
func rewound(req *http.Request) (attempt *http.Request, inMemory bool) {
	x, ok := gate.ExchangeIn(req)
	if !ok || req.Body == nil || !x.Read() {
		return req, false
	}
	attempt = new(http.Request)
	*attempt = *req
	x.Rewind(attempt)
	return attempt, true
}

// permitOf returns the permit for the attempt, nil if no breaker guards it.
func permitOf(req *http.Request) *breaker.Permit {
	info, ok := reverseproxy.GetDialInfo(req.Context())
	if !ok {
		return nil
	}
	return redeem(req.Context(), info.Upstream)
}

// Interface guards
var (
	_ caddy.Provisioner                                = (*Transport)(nil)
	_ caddy.CleanerUpper                               = (*Transport)(nil)
	_ http.RoundTripper                                = (*Transport)(nil)
	_ reverseproxy.TLSTransport                        = (*Transport)(nil)
	_ reverseproxy.H2CTransport                        = (*Transport)(nil)
	_ reverseproxy.ProxyProtocolTransport              = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport           = (*Transport)(nil)
	_ reverseproxy.HealthCheckSchemeOverriderTransport = (*Transport)(nil)
)
