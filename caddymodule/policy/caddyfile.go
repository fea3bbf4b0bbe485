package policy

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_policy", parseCaddyfile)
	// Before handle and route: what they lead to must have been judged.
	httpcaddyfile.RegisterDirectiveOrder("gate_policy", httpcaddyfile.After, "request_header")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile parses
//
//	gate_policy {
//		dir      <directory>
//		schema   <route> <file>
//		prompt   <pointers...>
//		max_body <size>
//		timeout  <duration>
//		last_good <folder>|off
//	}
//
// Only schema and prompt may be given more than once.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	seen := map[string]bool{}
	for d.NextBlock(0) {
		option := d.Val()
		if seen[option] && option != "schema" && option != "prompt" {
			return d.Errf("%s is given twice", option)
		}
		seen[option] = true
		if err := h.unmarshalOption(d, option); err != nil {
			return err
		}
		if d.NextBlock(d.Nesting()) {
			return d.Errf("%s takes no block", option)
		}
	}
	if h.Dir == "" {
		return d.Err("dir is needed: the directory that holds the policy, such as: dir policies")
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	args := d.RemainingArgs()
	switch option {
	case "prompt":
		if len(args) == 0 {
			return d.Err("want: prompt <pointers...>, such as: prompt /prompt /messages/*/content")
		}
		h.Prompts = append(h.Prompts, args...)
		return nil
	case "schema":
		if len(args) != 2 {
			return d.Err("want: schema <route> <file>, such as: schema /api/v1/generate schemas/generate.json")
		}
		h.Schemas = append(h.Schemas, RouteSchema{Route: args[0], Schema: args[1]})
		return nil
	case "dir", "max_body", "timeout", "last_good":
		if len(args) != 1 {
			return d.Errf("%s takes one value", option)
		}
		return h.unmarshalValue(d, option, args[0])
	}
	return d.Errf("unknown option %q: gate_policy has dir, schema, prompt, max_body, timeout and last_good", option)
}

func (h *Handler) unmarshalValue(d *caddyfile.Dispenser, option, value string) error {
	switch option {
	case "dir":
		h.Dir = value
	case "last_good":
		if value == "" {
			return d.Err("last_good must be a folder, or off")
		}
		h.LastGood = value
	case "max_body":
		size, err := humanize.ParseBytes(value)
		if err != nil || size == 0 || size > 1<<40 {
			return d.Errf("max_body %q must be a size, such as 64KiB", value)
		}
		h.MaxBody = int64(size)
	case "timeout":
		timeout, err := caddy.ParseDuration(value)
		if err != nil || timeout <= 0 {
			return d.Errf("timeout %q must be a duration, such as 250ms", value)
		}
		h.Timeout = caddy.Duration(timeout)
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
