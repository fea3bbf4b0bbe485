package limit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_limit", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("gate_limit", httpcaddyfile.Before, "basic_auth")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile parses the directive:
//
//	gate_limit [<name> <key> <rate>] {
//		limit <name> {
//			key         <key>
//			rate        <number>/<window>
//			cost        <number>|<placeholder>
//			ipv6_prefix <bits>
//			ipv4_prefix <bits>
//			on_error    local|deny|allow
//		}
//		allow  <ranges...>
//		deny   <ranges...>
//		shadow <limits...>
//	}
//
// The arguments are a first limit without further options. The range
// private_ranges stands for all private addresses.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := h.unmarshalArgs(d); err != nil {
		return err
	}
	var shadows []string
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		var err error
		switch option := d.Val(); option {
		case "limit":
			err = h.unmarshalLimit(d)
		case "allow":
			h.Allow, err = appendRanges(d, h.Allow)
		case "deny":
			h.Deny, err = appendRanges(d, h.Deny)
		case "shadow":
			names := d.RemainingArgs()
			if len(names) == 0 {
				return d.Err("want: shadow <limits...>")
			}
			shadows = append(shadows, names...)
		default:
			return d.Errf("unknown option %q: gate_limit has limit, allow, deny and shadow", option)
		}
		if err != nil {
			return err
		}
	}
	return h.markShadows(d, shadows)
}

func (h *Handler) unmarshalArgs(d *caddyfile.Dispenser) error {
	switch args := d.RemainingArgs(); len(args) {
	case 0:
	case 3:
		h.Limits = append(h.Limits, Limit{Name: args[0], Key: args[1], Rate: args[2]})
	default:
		return d.Errf("unexpected %q: want: gate_limit <name> <key> <rate>, or a block", strings.Join(args, " "))
	}
	return nil
}

func (h *Handler) unmarshalLimit(d *caddyfile.Dispenser) error {
	var l Limit
	if !d.AllArgs(&l.Name) {
		return d.Err("want: limit <name> and a block")
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if seen[option] {
			return d.Errf("limit %s: %s is there twice", l.Name, option)
		}
		seen[option] = true
		if err := l.unmarshalOption(d, option); err != nil {
			return err
		}
	}
	h.Limits = append(h.Limits, l)
	return nil
}

func (l *Limit) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	var value string
	if !d.AllArgs(&value) {
		return d.Errf("limit %s: want: %s <value>", l.Name, option)
	}
	switch option {
	case "key":
		l.Key = value
	case "rate":
		l.Rate = value
	case "cost":
		l.Cost = value
	case "on_error":
		l.OnError = value
	case "ipv6_prefix":
		return parseBits(d, value, 128, &l.IPv6Prefix)
	case "ipv4_prefix":
		return parseBits(d, value, 32, &l.IPv4Prefix)
	default:
		return d.Errf("limit %s: unknown option %q: there are key, rate, cost, ipv6_prefix, ipv4_prefix and on_error", l.Name, option)
	}
	return nil
}

// parseBits refuses the 0 that would mean the default: it reads like "all addresses are one".
func parseBits(d *caddyfile.Dispenser, value string, most int, into *int) error {
	bits, err := strconv.Atoi(value)
	if err != nil || bits < 1 || bits > most {
		return d.Errf("%q is not a number of bits from 1 to %d", value, most)
	}
	*into = bits
	return nil
}

func appendRanges(d *caddyfile.Dispenser, list []string) ([]string, error) {
	option, ranges := d.Val(), d.RemainingArgs()
	if len(ranges) == 0 {
		return nil, d.Errf("want: %s <ranges...>", option)
	}
	for _, r := range ranges {
		if r == "private_ranges" {
			list = append(list, caddyhttp.PrivateRangesCIDR()...)
			continue
		}
		list = append(list, r)
	}
	return list, nil
}

func (h *Handler) markShadows(d *caddyfile.Dispenser, names []string) error {
	for _, name := range names {
		i := slices.IndexFunc(h.Limits, func(l Limit) bool { return l.Name == name })
		if i < 0 {
			return d.Errf("shadow %s: this gate_limit has no such limit", name)
		}
		h.Limits[i].Shadow = true
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
