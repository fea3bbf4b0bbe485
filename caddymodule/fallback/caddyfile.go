package fallback

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_fallback", parseCaddyfile)
	// It comes after gate_policy, and before handle and route, so that it covers
	// what they lead to.
	httpcaddyfile.RegisterDirectiveOrder("gate_fallback", httpcaddyfile.Before, "invoke")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Options returns the options of gate_fallback.
func (h *Handler) Options() option.Table {
	return option.Table{Name: "gate_fallback", Options: []*option.Option{
		option.Block("stale", &h.Stale),
		option.Duration("retry_after", &h.RetryAfter, time.Millisecond, 24*time.Hour).Default("5s"),
	}}
}

// Options returns the options of stale.
func (s *Stale) Options() option.Table {
	return option.Table{Name: "stale", Options: []*option.Option{
		option.Duration("ttl", &s.TTL, time.Second, 30*24*time.Hour).Default("10m"),
		option.Size("max_size", &s.MaxSize, 1, 1<<40).Default("64MiB"),
		option.Size("max_entry", &s.MaxEntry, 1, 1<<40).Default("1MiB"),
	}}
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
