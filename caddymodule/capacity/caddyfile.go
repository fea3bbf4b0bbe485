package capacity

import (
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_capacity", parseCaddyfile)
	// First of all: it bounds what the others hold.
	httpcaddyfile.RegisterDirectiveOrder("gate_capacity", httpcaddyfile.Before, "tracing")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	gate_capacity [<matcher>] {
//		per_address <number>
//		total       <number>
//		wait        <duration>
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		var err error
		switch option := d.Val(); option {
		case "per_address":
			h.PerAddress, err = number(d, h.PerAddress)
		case "total":
			h.Total, err = number(d, h.Total)
		case "wait":
			h.Wait, err = duration(d, h.Wait)
		default:
			err = d.Errf("unknown option %q: gate_capacity has per_address, total and wait", option)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// UnmarshalCaddyfile sets up the wrapper from Caddyfile tokens. Syntax:
//
//	gate_connections {
//		per_address <number>
//		total       <number>
//		streams     <number>
//		except      <ranges...>
//	}
func (c *Connections) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the wrapper's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		var err error
		switch option := d.Val(); option {
		case "per_address":
			c.PerAddress, err = number(d, c.PerAddress)
		case "total":
			c.Total, err = number(d, c.Total)
		case "streams":
			c.Streams, err = number(d, c.Streams)
		case "except":
			ranges := d.RemainingArgs()
			if len(ranges) == 0 {
				err = d.Err("except takes addresses and ranges, such as 10.0.0.0/8")
			}
			c.Except = append(c.Except, ranges...)
		default:
			err = d.Errf("unknown option %q: gate_connections has per_address, total, streams and except", option)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func number(d *caddyfile.Dispenser, before *int) (*int, error) {
	option, text := d.Val(), ""
	if before != nil {
		return nil, d.Errf("%s is there twice: keep one", option)
	}
	if !d.AllArgs(&text) {
		return nil, d.Errf("%s takes one number", option)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return nil, d.Errf("%s is %q: want a number, 1 or more", option, text)
	}
	return &n, nil
}

func duration(d *caddyfile.Dispenser, before *caddy.Duration) (*caddy.Duration, error) {
	option, text := d.Val(), ""
	if before != nil {
		return nil, d.Errf("%s is there twice: keep one", option)
	}
	if !d.AllArgs(&text) {
		return nil, d.Errf("%s takes one duration", option)
	}
	span, err := caddy.ParseDuration(text)
	if err != nil || span <= 0 {
		return nil, d.Errf("%s is %q: want a duration, such as 5s", option, text)
	}
	wait := caddy.Duration(span)
	return &wait, nil
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Handler)(nil)
	_ caddyfile.Unmarshaler = (*Connections)(nil)
)
