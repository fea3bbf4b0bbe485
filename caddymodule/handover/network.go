package handover

import (
	"context"
	"fmt"
	"net"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/handover"
)

// network is the name of a network for `bind`: TCP with sockets that a reload
// keeps. Caddy's own tcp makes a new socket for each configuration.
const network = "gate"

func init() {
	caddy.RegisterNetwork(network, listen)
	caddyhttp.RegisterNetworkHTTP3(network, "udp") // which Caddy keeps by itself
}

// sockets are those of the process.
var sockets handover.Sockets

func listen(ctx context.Context, _, host, ports string, offset uint, config net.ListenConfig) (any, error) {
	address, err := caddy.ParseNetworkAddress(caddy.JoinNetworkAddress("tcp", host, ports))
	if err != nil {
		return nil, err
	}
	return sockets.Listen(address.JoinHostPort(offset), func() (net.Listener, error) {
		inner, err := address.Listen(ctx, offset, config)
		if err != nil {
			return nil, err
		}
		listener, ok := inner.(net.Listener)
		if !ok {
			return nil, fmt.Errorf("listening on %s: a %T takes no connections", address, inner)
		}
		return listener, nil
	})
}
