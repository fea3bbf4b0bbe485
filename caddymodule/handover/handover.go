// Package handover is the listener wrapper gate_handover: reloads that close no
// connection in use.
package handover

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/handover"
)

func init() { caddy.RegisterModule(Wrapper{}) }

// Wrapper is a listener wrapper that keeps the connections of HTTP/1.1 over a
// reload. Without it a reload closes those that are idle and those whose
// request has just come, and a request on its way to one of them is lost. With
// it they go to the server of the new configuration, together with that
// request. It stands behind `tls` among the wrappers, which is the first unless
// named.
//
// A server that demands client certificates takes over no connection, since the
// new configuration may demand others. Connections of HTTP/2 and HTTP/3 need
// nothing of this: these protocols tell clients what was not begun.
type Wrapper struct {
	ctx    caddy.Context
	server *caddyhttp.Server
}

// CaddyModule returns the Caddy module information.
func (Wrapper) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.listeners.gate_handover",
		New: func() caddy.Module { return new(Wrapper) },
	}
}

// Options returns the options of gate_handover, which are none.
func (w *Wrapper) Options() option.Table { return option.Table{Name: "gate_handover"} }

// UnmarshalCaddyfile parses the listener wrapper.
func (w *Wrapper) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return w.Options().Unmarshal(d) }

// Provision has the server tell which requests are begun and which are
// answered. Caddy makes the http.Server only later, but passes it to a callback
// when it accepts a connection.
func (w *Wrapper) Provision(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("gate_handover belongs among the listener_wrappers of an HTTP server")
	}
	w.ctx, w.server = ctx, server
	server.RegisterConnState(handover.ConnState)
	var once sync.Once
	server.RegisterConnContext(func(ctx context.Context, _ net.Conn) context.Context {
		once.Do(func() {
			if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok {
				server.Handler = handover.Handler(server.Handler)
			}
		})
		return ctx
	})
	return nil
}

// WrapListener returns a listener that takes over connections.
func (w *Wrapper) WrapListener(inner net.Listener) net.Listener {
	for _, policy := range w.server.TLSConnPolicies {
		if policy.ClientAuthentication != nil {
			return inner
		}
	}
	return handover.Listen(inner, w.secure(inner.Addr()), handover.Timeouts{
		Header: time.Duration(w.server.ReadHeaderTimeout),
		Idle:   time.Duration(w.server.IdleTimeout),
	})
}

// secure reports whether the server speaks TLS at the address. At the port for
// plain HTTP Caddy's servers never do.
func (w *Wrapper) secure(address net.Addr) bool {
	plain := caddyhttp.DefaultHTTPPort
	if app, err := w.ctx.AppIfConfigured("http"); err == nil {
		plain = cmp.Or(app.(*caddyhttp.App).HTTPPort, plain)
	}
	tcp, ok := address.(*net.TCPAddr)
	return len(w.server.TLSConnPolicies) > 0 && !(ok && tcp.Port == plain)
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Wrapper)(nil)
	_ caddy.ListenerWrapper = (*Wrapper)(nil)
	_ caddyfile.Unmarshaler = (*Wrapper)(nil)
)
