package health

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/keyring"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_health", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("gate_health", httpcaddyfile.Before, "respond")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Options returns the options of gate_health.
func (h *Handler) Options() option.Table {
	return option.Table{Name: "gate_health", Options: []*option.Option{
		option.Blocks("upstream", &h.Upstreams),
		option.Block("disk", &h.Disk),
		option.Block("memory", &h.Memory),
		option.Block("load", &h.Load),
		option.Duration("timeout", &h.Timeout, time.Millisecond, time.Minute).Default("2s"),
		option.Duration("interval", &h.Interval, time.Microsecond, time.Hour).Default("5s"),
		option.Text("details_scope", &h.DetailsScope, "<scope>").Example("operator").DefaultMeans("every principal sees the details").
			Accept("a scope: printable characters without spaces, quotes and backslashes", keyring.ValidScope),
		option.Flag("probes_only", &h.ProbesOnly),
	}}
}

// Options returns the options of upstream.
func (u *Upstream) Options() option.Table {
	return option.Table{
		Name: "upstream",
		Arguments: []*option.Option{
			option.Text("url", &u.URL, "<url>").Require().Expand().Example("http://127.0.0.1:8090/health/ready").
				Accept("an http or https URL", isURL),
			option.Text("name", &u.Name, "<name>").Default("upstream"),
		},
		Options: []*option.Option{option.Flag("critical", &u.Critical)},
	}
}

// Options returns the arguments of disk.
func (d *Disk) Options() option.Table {
	return option.Table{Name: "disk", Arguments: []*option.Option{
		option.Text("directory", &d.Directory, "<directory>").Expand().Example("/").DefaultMeans("Caddy's data directory, or the nearest above it that exists"),
		option.Number("degraded", &d.Degraded, 0, 100).Example("90").DefaultMeans("90"),
		option.Number("failed", &d.Failed, 0, 100).Example("98").DefaultMeans("98; never where degraded is given"),
	}}
}

// Options returns the arguments of memory.
func (m *Memory) Options() option.Table {
	return option.Table{Name: "memory", Arguments: []*option.Option{
		option.Number("degraded", &m.Degraded, 0, 100).Example("95").DefaultMeans("95"),
		option.Number("failed", &m.Failed, 0, 100).Example("99").DefaultMeans("never"),
	}}
}

// Options returns the arguments of load.
func (l *Load) Options() option.Table {
	return option.Table{Name: "load", Arguments: []*option.Option{
		option.Number("degraded", &l.Degraded, 0, 1000).Example("4").DefaultMeans("4"),
		option.Number("failed", &l.Failed, 0, 1000).Example("16").DefaultMeans("never"),
	}}
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
