package upstream

import (
	"context"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/internal/breaker"
)

// ticketVar is the key of the ticket in the request's Caddy vars.
const ticketVar = "gate.breaker.ticket"

// ticket is a permit on its way from the selection to the transport, and what
// is left of it afterwards: the record of one attempt.
type ticket struct {
	selection *Selection
	upstream  *reverseproxy.Upstream
	permit    *breaker.Permit
	// stopRelease keeps a probe's permit from being released when the request
	// ends.
	stopRelease func() bool
	redeemed    bool
	// previous is the ticket of the request's attempt before this one.
	previous *ticket
}

func ticketOf(ctx context.Context) *ticket {
	t, _ := caddyhttp.GetVar(ctx, ticketVar).(*ticket)
	return t
}

// issue gives the request a ticket with the permit for an attempt on the
// upstream. If it is not redeemed before the request ends, the permit of a
// probe is released. Any other holds no place.
func (s *Selection) issue(ctx context.Context, upstream *reverseproxy.Upstream, permit *breaker.Permit) {
	t := &ticket{selection: s, upstream: upstream, permit: permit, previous: ticketOf(ctx)}
	if permit.Probe() {
		t.stopRelease = context.AfterFunc(ctx, permit.Release)
	}
	caddyhttp.SetVar(ctx, ticketVar, t)
}

// redeem returns the permit for this attempt on the upstream, once; nil if
// there is none. The caller must settle the permit.
func redeem(ctx context.Context, upstream *reverseproxy.Upstream) *breaker.Permit {
	t := ticketOf(ctx)
	if t == nil || t.redeemed || t.upstream != upstream {
		return nil
	}
	t.markRedeemed()
	return t.permit
}

// discard releases the permit of a ticket that was never redeemed.
func (t *ticket) discard() {
	if t != nil && !t.redeemed {
		t.markRedeemed()
		t.permit.Release()
	}
}

func (t *ticket) markRedeemed() {
	t.redeemed = true
	if t.stopRelease != nil {
		t.stopRelease()
	}
}

// tried reports whether the selection has sent the request to the upstream
// before. It compares addresses, because dynamic upstreams are made anew for
// each attempt.
func (t *ticket) tried(s *Selection, upstream *reverseproxy.Upstream) bool {
	for ; t != nil; t = t.previous {
		if t.selection == s && t.upstream.String() == upstream.String() {
			return true
		}
	}
	return false
}
