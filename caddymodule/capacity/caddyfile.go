package capacity

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_capacity", parseCaddyfile)
	// It comes first, because it bounds what the other handlers hold.
	httpcaddyfile.RegisterDirectiveOrder("gate_capacity", httpcaddyfile.Before, "tracing")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// most is the largest bound, so that a typing error cannot mean no bound at
// all.
const most = 1_000_000

// Options returns the options of gate_capacity.
func (h *Handler) Options() option.Table {
	return option.Table{Name: "gate_capacity", Options: []*option.Option{
		option.Count("per_address", &h.PerAddress, 1, most).Default("64"),
		option.Count("total", &h.Total, 1, most).Default("1024"),
		option.Duration("wait", &h.Wait, time.Millisecond, time.Minute).Default("5s"),
	}}
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Options returns the options of gate_connections.
func (c *Connections) Options() option.Table {
	return option.Table{Name: "gate_connections", Options: []*option.Option{
		option.Count("per_address", &c.PerAddress, 1, most).Default("64"),
		option.Count("total", &c.Total, 1, most).Default("2048"),
		option.Count("streams", &c.Streams, 1, most).Default("32"),
		option.Ranges("except", &c.Except),
	}}
}

// UnmarshalCaddyfile parses the listener wrapper.
func (c *Connections) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return c.Options().Unmarshal(d)
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Handler)(nil)
	_ caddyfile.Unmarshaler = (*Connections)(nil)
)
