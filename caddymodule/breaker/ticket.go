package breaker

import (
	"context"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/internal/breaker"
)

// ticketVar is the key of the ticket in the request's Caddy vars.
const ticketVar = "gate.breaker.ticket"

// ticket is a permit on its way from the policy to the transport.
type ticket struct {
	permit   *breaker.Permit
	upstream *reverseproxy.Upstream
	// hold keeps the permit from being released when the request ends.
	hold func() bool
}

// hand gives the request the permit for an attempt on the upstream. If nobody
// redeems it until the request ends, the permit is released.
func hand(ctx context.Context, upstream *reverseproxy.Upstream, permit *breaker.Permit) {
	caddyhttp.SetVar(ctx, ticketVar, &ticket{
		permit:   permit,
		upstream: upstream,
		hold:     context.AfterFunc(ctx, permit.Release),
	})
}

// Redeem returns the permit for this attempt on the upstream, once; nil if
// there is none. Whoever redeems a permit must settle it.
func Redeem(ctx context.Context, upstream *reverseproxy.Upstream) *breaker.Permit {
	t, ok := caddyhttp.GetVar(ctx, ticketVar).(*ticket)
	if !ok || t.upstream != upstream {
		return nil
	}
	caddyhttp.SetVar(ctx, ticketVar, nil)
	t.hold()
	return t.permit
}

// discard releases the permit of a ticket that was never redeemed.
func discard(ctx context.Context) {
	if t, ok := caddyhttp.GetVar(ctx, ticketVar).(*ticket); ok {
		caddyhttp.SetVar(ctx, ticketVar, nil)
		t.hold()
		t.permit.Release()
	}
}
