package upstream

import (
	"net/http"
	"time"

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

	// Statuses which mean that the upstream cannot serve; 5 stands for 5xx. The
	// defaults do not include 500: it may be the request's fault, and one client's
	// bad prompt should not shut out all others. They include 503 even with
	// Retry-After, which asks for just such a pause. Default: 502, 503, 504.
	FailOn []int `json:"fail_on,omitempty"`

	// How long an upstream may take to send a response's header before the attempt
	// counts as failed. The time of the client's upload does not count: it starts
	// again with each part. The attempt itself goes on: `response_header_timeout`
	// ends it. Without slow_after, a frozen upstream would not open its breaker,
	// because attempts whose clients give up do not count. Default: 30s.
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
	if err := gate.RegisterMetrics(ctx, attemptSeconds); err != nil {
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
	a := t.newAttempt(req, permit)
	timings := gate.TimingsOf(req)
	timings.Begin("upstream")
	a.beginSpan()
	began := time.Now()
	res, err := t.make(a)
	a.count(began, res, err)
	a.endSpan(res, err)
	timings.End()
	return res, err
}

// make makes an attempt, and watches it where a breaker wants to know.
func (t *Transport) make(a *attempt) (*http.Response, error) {
	if a.permit == nil {
		rewind(a.sent)
		return t.send(a)
	}
	return t.watched(a)
}

// proxied reports whether the request belongs to a client. Caddy's active
// health checks use the same transport, but neither count nor carry an
// exchange.
func proxied(req *http.Request) bool {
	return req.Context().Value(caddyhttp.ServerCtxKey) != nil
}

// rewind gives an attempt's request a new reader of its body, if the gateway
// has read it into memory, and reports whether it has.
func rewind(sent *http.Request) bool {
	x, ok := gate.ExchangeIn(sent)
	if !ok || sent.Body == nil || !x.Read() {
		return false
	}
	x.Rewind(sent)
	return true
}

// permitOf returns the permit for the attempt; nil if no breaker guards it.
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
