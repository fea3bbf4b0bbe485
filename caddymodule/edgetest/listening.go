package edgetest

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func init() {
	caddy.RegisterModule(listeningWrapper{})
	listening.Store(new(sync.WaitGroup))
}

// listening counts the open listeners of the newest config.
//
// A reload opens new listeners on the addresses of the old ones, and Caddy
// closes the old ones a moment after the reload has returned. A connection that
// arrives in that moment may be in the queue of an old listener, and is then
// reset. So a test must not connect before the old listeners are closed.
var listening atomic.Pointer[sync.WaitGroup]

// listeningWrapper is a listener wrapper that keeps the count.
type listeningWrapper struct{}

// CaddyModule returns the module's description for Caddy.
func (listeningWrapper) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.listeners.test_listening",
		New: func() caddy.Module { return new(listeningWrapper) },
	}
}

// UnmarshalCaddyfile takes no options.
func (listeningWrapper) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.Next(); d.NextArg() || d.NextBlock(0) {
		return d.ArgErr()
	}
	return nil
}

// WrapListener counts the listener until it is closed.
func (listeningWrapper) WrapListener(inner net.Listener) net.Listener {
	open := listening.Load()
	open.Add(1)
	return &counted{Listener: inner, closed: sync.OnceFunc(open.Done)}
}

type counted struct {
	net.Listener
	closed func()
}

func (c *counted) Close() error {
	defer c.closed()
	return c.Listener.Close()
}

var (
	_ caddy.ListenerWrapper = listeningWrapper{}
	_ caddyfile.Unmarshaler = listeningWrapper{}
)
