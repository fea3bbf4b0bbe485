package capacity

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/redact"
	"github.com/odordiff/odordiff/internal/slots"
)

func init() { caddy.RegisterModule(Connections{}) }

// receiveBuffer is how much of its unread bodies an HTTP/2 connection may keep.
// Go's own default is 1 MiB.
const receiveBuffer = 256 << 10

// Connections is a listener wrapper that bounds the number of connections, for
// one address and in all, and closes those beyond it. It also sets how many
// requests an HTTP/2 connection may have open at a time. It stands before `tls`
// among the wrappers, so that a client with too many connections gets no
// handshake.
//
// The address is the peer's. A balancer in front has one address for all of its
// clients: name it in except. HTTP/3 does not use such a listener, so it is not
// counted here; each of its connections may have 100 requests open.
type Connections struct {
	// How many connections one address may have; IPv6 addresses of one /64 are
	// one. Default: 64.
	PerAddress *int `json:"per_address,omitempty"`

	// How many connections there may be in all. Default: 2048.
	Total *int `json:"total,omitempty"`

	// How many requests an HTTP/2 connection may have open at a time. Default: 32.
	Streams *int `json:"streams,omitempty"`

	// Addresses and CIDR ranges whose connections are neither counted nor closed.
	Except []string `json:"except,omitempty"`

	except []netip.Prefix
	slots  *slots.Slots
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Connections) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.listeners.gate_connections",
		New: func() caddy.Module { return new(Connections) },
	}
}

// Provision gets the slots. A config with the same bounds as before keeps them.
func (c *Connections) Provision(ctx caddy.Context) error {
	if err := c.Options().Provision(); err != nil {
		return err
	}
	bounds, err := boundsOf(*c.PerAddress, *c.Total)
	if err != nil {
		return err
	}
	c.except = option.Prefixes(c.Except)
	if err := c.boundStreams(ctx); err != nil {
		return err
	}
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	if c.slots, err = app.Slots("connections", bounds); err != nil {
		return err
	}
	c.logger = sampled(ctx.Logger())
	return gate.RegisterMetrics(ctx, collectors...)
}

// boundStreams sets the bound of HTTP/2 streams, for which Caddy has no option.
// Caddy makes the http.Server only after Provision, but passes it to a callback
// when a connection is accepted.
func (c *Connections) boundStreams(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("gate_connections belongs among the listener_wrappers of an HTTP server")
	}
	var once sync.Once
	server.RegisterConnContext(func(ctx context.Context, _ net.Conn) context.Context {
		once.Do(func() {
			if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok {
				server.HTTP2 = &http.HTTP2Config{
					MaxConcurrentStreams:          *c.Streams,
					MaxReceiveBufferPerConnection: receiveBuffer,
					MaxReceiveBufferPerStream:     receiveBuffer,
				}
			}
		})
		return ctx
	})
	return nil
}

// sampled passes a message on only once in a while: a client that floods the
// gateway must not flood its log. The metrics count each.
func sampled(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, 10*time.Second, 1, 0)
	}))
}

// WrapListener returns a listener whose connections are within the bounds.
func (c *Connections) WrapListener(inner net.Listener) net.Listener {
	return &listener{inner, c}
}

type listener struct {
	net.Listener
	bounds *Connections
}

// Accept returns the next connection that may stay.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.bounds.admit(conn); admitted != nil {
			return admitted, nil
		}
	}
}

// admit returns the connection, counted until it is closed, or closes it and
// returns nil.
func (c *Connections) admit(conn net.Conn) net.Conn {
	addr := peer(conn)
	for _, prefix := range c.except {
		if prefix.Contains(addr) {
			return conn
		}
	}
	network := slots.Network(addr)
	if err := c.slots.TryAcquire(network); err != nil {
		refused.WithLabelValues("connection", reason(err)).Inc()
		c.logger.Warn("connections are closed: there are too many", zap.String("client_ip", redact.Address(addr.String())), zap.Error(err))
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the kernel keeps nothing of it
		}
		_ = conn.Close() // The error does not matter to anyone.
		return nil
	}
	connections.Inc()
	return &counted{Conn: conn, release: sync.OnceFunc(func() {
		connections.Dec()
		c.slots.Release(network)
	})}
}

// peer returns the address at the other end; for a Unix socket, the zero
// address.
func peer(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// counted is a connection that returns its slot when it is closed.
type counted struct {
	net.Conn
	release func()
}

// Close closes the connection and returns its slot.
func (c *counted) Close() error {
	c.release()
	return c.Conn.Close()
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Connections)(nil)
	_ caddy.ListenerWrapper = (*Connections)(nil)
)
