package fallback

import (
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_fallback", parseCaddyfile)
	// Before handle and route, so that it covers what they lead to, and after gate_policy.
	httpcaddyfile.RegisterDirectiveOrder("gate_fallback", httpcaddyfile.Before, "invoke")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	gate_fallback [<matcher>] {
//		stale {
//			ttl       <duration>
//			max_size  <bytes>
//			max_entry <bytes>
//		}
//		retry_after <duration>
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		switch d.Val() {
		case "stale":
			if h.Stale != nil {
				return d.Err("stale is given twice: keep one")
			}
			h.Stale = new(Stale)
			if err := h.Stale.unmarshal(d); err != nil {
				return err
			}
		case "retry_after":
			wait, err := duration(d)
			if err != nil {
				return err
			}
			h.RetryAfter = caddy.Duration(wait)
		default:
			return d.Errf("unknown option %q: gate_fallback takes stale and retry_after", d.Val())
		}
	}
	return nil
}

func (s *Stale) unmarshal(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(1) {
		switch d.Val() {
		case "ttl":
			ttl, err := duration(d)
			if err != nil {
				return err
			}
			s.TTL = caddy.Duration(ttl)
		case "max_size":
			if err := size(d, &s.MaxSize); err != nil {
				return err
			}
		case "max_entry":
			if err := size(d, &s.MaxEntry); err != nil {
				return err
			}
		default:
			return d.Errf("unknown option %q: stale takes ttl, max_size and max_entry", d.Val())
		}
	}
	return nil
}

// duration reads the one argument of the option at the cursor.
func duration(d *caddyfile.Dispenser) (time.Duration, error) {
	option := d.Val()
	var text string
	if !d.AllArgs(&text) {
		return 0, d.ArgErr()
	}
	parsed, err := caddy.ParseDuration(text)
	if err != nil || parsed <= 0 {
		return 0, d.Errf("%s %q is not a positive duration such as 30s or 10m", option, text)
	}
	return parsed, nil
}

// size reads the one argument of the option at the cursor.
func size(d *caddyfile.Dispenser, into *int64) error {
	option := d.Val()
	var text string
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	parsed, err := humanize.ParseBytes(text)
	if err != nil || parsed == 0 || parsed > 1<<62 {
		return d.Errf("%s %q is not a positive size such as 512KiB or 64MiB", option, text)
	}
	*into = int64(parsed)
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
