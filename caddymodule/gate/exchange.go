package gate

import (
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/exchange"
)

// exchangeVar is the key of the exchange in the request's Caddy vars.
const exchangeVar = "gate.exchange"

// ExchangeOf returns the request's exchange. It makes the exchange on first
// use. The request must come from Caddy's HTTP server, whose vars keep the
// exchange.
//
// Making it removes from the request what the client must not pass on: fields
// with our names ([DropIdentity]), fields for this hop alone, trailers, and
// baggage.
// This happens whichever gate module is first.
func ExchangeOf(r *http.Request) *exchange.Exchange { return &visitOf(r).Exchange }

// ExchangeIn returns the request's exchange if a handler has made it. Use it
// for the proxy's request to the upstream, whose fields the operator has set.
func ExchangeIn(r *http.Request) (*exchange.Exchange, bool) {
	v, ok := visitIn(r)
	if !ok {
		return nil, false
	}
	return &v.Exchange, true
}

// visit is one request's way through the gate handlers: its exchange, and what
// the entrances keep for themselves.
type visit struct {
	exchange.Exchange

	route    *route // the narrowest so far; nil before one with a path
	passages []passage
	room     [8]passage // where passages begins
}

func visitIn(r *http.Request) (*visit, bool) {
	v, ok := caddyhttp.GetVar(r.Context(), exchangeVar).(*visit)
	return v, ok
}

// visitOf returns the request's visit, which it makes on first use.
func visitOf(r *http.Request) *visit {
	if v, ok := visitIn(r); ok {
		return v
	}
	DropIdentity(r.Header)
	endHop(r.Header)
	// comes after the judgement, and some upstreams take trailers for fields
	r.Trailer = nil
	// a stranger's words, which the upstream's spans and logs would have
	delete(r.Header, "Baggage")
	v := new(visit)
	v.Begin(identifierOf(r))
	v.ClientIP = clientIP(r)
	v.passages = v.room[:0]
	caddyhttp.SetVar(r.Context(), exchangeVar, v)
	return v
}

// RequestID returns Caddy's id of the request ({http.request.uuid}), or ""
// outside of Caddy's HTTP server.
func RequestID(r *http.Request) string {
	if known := identifierOf(r); known != nil {
		return known.RequestID()
	}
	return ""
}

// identifierOf returns what knows the request's id, or nil outside of Caddy's
// HTTP server. Caddy makes the id when it is first asked for, which costs more
// than the rest of an exchange.
func identifierOf(r *http.Request) exchange.Identifier {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return nil
	}
	return identifier{repl}
}

type identifier struct{ *caddy.Replacer }

// RequestID implements exchange.Identifier.
func (i identifier) RequestID() string {
	id, _ := i.GetString("http.request.uuid")
	return id
}

// clientIP returns the address that Caddy found with trusted_proxies, or that
// of the peer.
func clientIP(r *http.Request) string {
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok && ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
