package health

import (
	"math"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_health", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("gate_health", httpcaddyfile.Before, "respond")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile parses
//
//	gate_health {
//		upstream <url> [<name>] {
//			critical
//		}
//		disk          <folder> [<degraded %> [<failed %>]]
//		memory        <degraded %> [<failed %>]
//		load          <degraded per CPU> [<failed per CPU>]
//		timeout       <duration>
//		interval      <duration>
//		details_scope <scope>
//		probes_only
//	}
//
// Only upstream may be given more than once. probes_only stands alone.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	seen := make(map[string]bool)
	for d.NextBlock(0) {
		option := d.Val()
		if seen[option] && option != "upstream" {
			return d.Errf("%s is given twice", option)
		}
		seen[option] = true
		if err := h.unmarshalOption(d, option); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) (err error) {
	switch option {
	case "upstream":
		return h.unmarshalUpstream(d)
	case "disk":
		h.Disk, err = unmarshalDisk(d)
	case "memory":
		h.Memory, err = unmarshalThresholds(d, d.RemainingArgs())
	case "load":
		h.Load, err = unmarshalThresholds(d, d.RemainingArgs())
	case "timeout":
		h.Timeout, err = unmarshalDuration(d)
	case "interval":
		h.Interval, err = unmarshalDuration(d)
	case "details_scope":
		if !d.AllArgs(&h.DetailsScope) {
			return d.Err("want: details_scope <scope>")
		}
	case "probes_only":
		if d.NextArg() {
			return d.ArgErr()
		}
		h.ProbesOnly = true
	default:
		return d.Errf("unknown option %q: want upstream, disk, memory, load, timeout, interval, details_scope or probes_only", option)
	}
	return err
}

func (h *Handler) unmarshalUpstream(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return d.Err("want: upstream <url> [<name>]")
	}
	upstream := &Upstream{URL: args[0]}
	if len(args) == 2 {
		upstream.Name = args[1]
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "critical" {
			return d.Errf("unknown option %q of upstream: want critical", d.Val())
		}
		if d.NextArg() {
			return d.ArgErr()
		}
		upstream.Critical = true
	}
	h.Upstreams = append(h.Upstreams, upstream)
	return nil
}

func unmarshalDisk(d *caddyfile.Dispenser) (*Disk, error) {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return nil, d.Err("want: disk <folder> [<degraded> [<failed>]]")
	}
	disk := &Disk{Folder: args[0], Thresholds: Thresholds{Degraded: 90, Failed: 98}}
	if len(args) == 1 {
		return disk, nil
	}
	thresholds, err := unmarshalThresholds(d, args[1:])
	if err != nil {
		return nil, err
	}
	disk.Thresholds = *thresholds
	return disk, nil
}

func unmarshalThresholds(d *caddyfile.Dispenser, args []string) (*Thresholds, error) {
	if len(args) < 1 || len(args) > 2 {
		return nil, d.Err("want one or two thresholds: <degraded> [<failed>]")
	}
	var values [2]float64
	for i, arg := range args {
		value, err := strconv.ParseFloat(arg, 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, d.Errf("threshold %q is not a number", arg)
		}
		values[i] = value
	}
	return &Thresholds{Degraded: values[0], Failed: values[1]}, nil
}

func unmarshalDuration(d *caddyfile.Dispenser) (caddy.Duration, error) {
	option := d.Val()
	var text string
	if !d.AllArgs(&text) {
		return 0, d.Errf("want: %s <duration>", option)
	}
	duration, err := caddy.ParseDuration(text)
	if err != nil {
		return 0, d.Errf("%s: %v", option, err)
	}
	return caddy.Duration(duration), nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
