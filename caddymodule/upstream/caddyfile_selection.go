package upstream

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

// Options returns the options of lb_policy gate_breaker.
func (s *Selection) Options() option.Table {
	const most = 1_000_000
	return option.Table{Name: "gate_breaker", Options: []*option.Option{
		option.Text("name", &s.Name, "<name>").Example("tenants").DefaultMeans("one breaker for all proxies to an upstream"),
		option.Module("inner", &s.InnerRaw, "http.reverse_proxy.selection_policies", "policy").Example("least_conn").DefaultMeans("random"),
		option.Count("trip_after", &s.TripAfter, 1, most).Default("5"),
		option.Duration("open_for", &s.OpenFor, time.Millisecond, time.Hour).Default("1s"),
		option.Duration("open_max", &s.OpenMax, time.Millisecond, 24*time.Hour).Example("30s").DefaultMeans("30s, or open_for where that is longer"),
		option.Count("half_open", &s.HalfOpen, 1, most).Default("1"),
		option.Duration("probe_timeout", &s.ProbeTimeout, time.Millisecond, time.Hour).Default("1m"),
	}}
}

// UnmarshalCaddyfile parses the policy.
func (s *Selection) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return s.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*Selection)(nil)
