package upstream

import (
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// UnmarshalCaddyfile sets up the policy from Caddyfile tokens. Syntax:
//
//	lb_policy gate_breaker {
//		name          <name>
//		inner         <policy> [<options...>]
//		trip_after    <failures>
//		open_for      <duration>
//		open_max      <duration>
//		half_open     <probes>
//		probe_timeout <duration>
//	}
func (s *Selection) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the policy's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if err := s.unmarshalOption(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *Selection) unmarshalOption(d *caddyfile.Dispenser) error {
	switch d.Val() {
	case "name":
		if !d.AllArgs(&s.Name) {
			return d.ArgErr()
		}
		return nil
	case "inner":
		return s.unmarshalInner(d)
	case "trip_after":
		return count(d, &s.TripAfter)
	case "half_open":
		return count(d, &s.HalfOpen)
	case "open_for":
		return duration(d, &s.OpenFor)
	case "open_max":
		return duration(d, &s.OpenMax)
	case "probe_timeout":
		return duration(d, &s.ProbeTimeout)
	}
	return d.Errf("unknown option %q: gate_breaker takes name, inner, trip_after, open_for, open_max, half_open and probe_timeout", d.Val())
}

func (s *Selection) unmarshalInner(d *caddyfile.Dispenser) error {
	if s.InnerRaw != nil {
		return d.Err("inner is given twice: keep one")
	}
	if !d.NextArg() {
		return d.ArgErr()
	}
	name := d.Val()
	id := "http.reverse_proxy.selection_policies." + name
	module, err := caddyfile.UnmarshalModule(d, id)
	if err != nil {
		return err
	}
	selector, ok := module.(reverseproxy.Selector)
	if !ok {
		return d.Errf("inner %s is not a selection policy", name)
	}
	s.InnerRaw = caddyconfig.JSONModuleObject(selector, "policy", name, nil)
	return nil
}

// count reads the one argument of the option at the cursor: a number from 1.
func count(d *caddyfile.Dispenser, into *uint32) error {
	option := d.Val()
	var text string
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return d.Errf("%s %q is not a number from 1", option, text)
	}
	*into = uint32(n)
	return nil
}

// duration reads the one argument of the option at the cursor.
func duration(d *caddyfile.Dispenser, into *caddy.Duration) error {
	option := d.Val()
	var text string
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	parsed, err := caddy.ParseDuration(text)
	if err != nil || parsed < time.Millisecond {
		return d.Errf("%s %q is not a duration of at least 1ms, such as 500ms or 30s", option, text)
	}
	*into = caddy.Duration(parsed)
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Selection)(nil)
