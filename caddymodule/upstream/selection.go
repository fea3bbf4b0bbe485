package upstream

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/breaker"
)

func init() {
	caddy.RegisterModule(Selection{})
}

// Selection is the selection policy gate_breaker. Among the upstreams whose
// breaker admits an attempt, it chooses one by another policy. If there is
// none, Caddy answers 503 or retries, as configured.
//
// It needs `transport gate`: no other transport reports the outcomes, so no
// breaker would ever open.
type Selection struct {
	// Separates this proxy's breakers from others. Proxies to the same upstream
	// share its breaker unless their names differ. Give those that share one the
	// same settings. If the settings differ, those of the proxy that was
	// configured last apply once it has used the breaker.
	Name string `json:"name,omitempty"`

	// Chooses among the admitted upstreams. Default: random.
	InnerRaw json.RawMessage `json:"inner,omitempty" caddy:"namespace=http.reverse_proxy.selection_policies inline_key=policy"`

	// How many failed attempts in a row open the breaker. Default: 5.
	TripAfter *int `json:"trip_after,omitempty"`

	// How long the breaker stays open before it probes the upstream. The time
	// doubles each time that the probe fails, and up to a fifth of it is added at
	// random. Default: 1s.
	OpenFor *caddy.Duration `json:"open_for,omitempty"`

	// The longest time that the breaker stays open, without the random fifth.
	// Default: 30s.
	OpenMax *caddy.Duration `json:"open_max,omitempty"`

	// How many attempts are admitted as probes. All must succeed before the
	// breaker closes. Default: 1.
	HalfOpen *int `json:"half_open,omitempty"`

	// How long a probe may be without an outcome before another takes its place.
	// Default: 1m.
	ProbeTimeout *caddy.Duration `json:"probe_timeout,omitempty"`

	inner    reverseproxy.Selector
	breakers *breaker.Group
	cleanup  func()
}

// CaddyModule returns the Caddy module information.
func (Selection) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.selection_policies.gate_breaker",
		New: func() caddy.Module { return new(Selection) },
	}
}

// Provision loads the inner policy and gets the breakers, which outlive
// reloads.
func (s *Selection) Provision(ctx caddy.Context) error {
	if err := s.Options().Provision(); err != nil {
		return err
	}
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	registry := app.Breakers()
	registry.Observe(breaker.Observer{Changed: observe, Forgotten: forget})
	states.watch(registry)
	if err := gate.RegisterMetrics(ctx, states, transitions); err != nil {
		return err
	}
	s.cleanup = app.Health().Register(check(registry))
	s.breakers = registry.Group(s.Name, s.settings())
	for _, upstream := range upstreamsOf(ctx) {
		s.breakers.Hold(upstream.String())
	}
	return s.loadInner(ctx)
}

// upstreamsOf returns the upstreams of the proxy that is loading the policy,
// without dynamic ones: nothing says when those are finally gone.
func upstreamsOf(ctx caddy.Context) reverseproxy.UpstreamPool {
	for _, module := range slices.Backward(ctx.Modules()) {
		if proxy, ok := module.(*reverseproxy.Handler); ok {
			return proxy.Upstreams
		}
	}
	return nil
}

func (s *Selection) loadInner(ctx caddy.Context) error {
	if s.InnerRaw == nil {
		s.inner = reverseproxy.RandomSelection{}
		return nil
	}
	module, err := ctx.LoadModule(s, "InnerRaw")
	if err != nil {
		return fmt.Errorf("loading the inner policy: %w", err)
	}
	s.inner = module.(reverseproxy.Selector)
	return nil
}

// Validate refuses settings that make no sense.
func (s *Selection) Validate() error {
	if _, nested := s.inner.(*Selection); nested {
		return fmt.Errorf("inner is gate_breaker itself: name the policy that chooses, such as least_conn")
	}
	return s.settings().Validate()
}

// Cleanup removes the health check, and the breakers that the next config does
// not use.
func (s *Selection) Cleanup() error {
	if s.breakers != nil {
		s.breakers.Close()
	}
	if s.cleanup != nil {
		s.cleanup()
	}
	return nil
}

// Select chooses an admitted upstream and takes its permit; nil if there is
// none. It asks only the chosen upstream for a permit, because half-open
// breakers have few. A retry goes to an upstream that the request has not
// tried, if one is admitted.
func (s *Selection) Select(pool reverseproxy.UpstreamPool, r *http.Request, w http.ResponseWriter) *reverseproxy.Upstream {
	last := ticketOf(r.Context())
	last.discard() // of an attempt that never got as far as the transport
	admitted := keep(pool, func(u *reverseproxy.Upstream) bool { return s.breakerOf(u).Ready() })
	untried := keep(admitted, func(u *reverseproxy.Upstream) bool { return !last.tried(s, u) })
	if upstream := s.admit(pool, untried, r, w); upstream != nil || len(untried) == len(admitted) {
		return upstream
	}
	return s.admit(pool, admitted, r, w)
}

// admit chooses one of the admitted upstreams and gives the request its permit.
func (s *Selection) admit(pool, admitted reverseproxy.UpstreamPool, r *http.Request, w http.ResponseWriter) *reverseproxy.Upstream {
	for len(admitted) > 0 {
		upstream := s.choose(pool, admitted, r, w)
		if upstream == nil {
			return nil
		}
		if permit := s.breakerOf(upstream).Allow(); permit != nil {
			s.issue(r.Context(), upstream, permit)
			return upstream
		}
		// Another request has taken the permit.
		admitted = keep(admitted, func(u *reverseproxy.Upstream) bool { return u != upstream })
	}
	return nil
}

// keep returns the upstreams that fit; if all do, the pool itself.
func keep(pool reverseproxy.UpstreamPool, fits func(*reverseproxy.Upstream) bool) reverseproxy.UpstreamPool {
	first := slices.IndexFunc(pool, func(u *reverseproxy.Upstream) bool { return !fits(u) })
	if first < 0 {
		return pool
	}
	kept := slices.Clone(pool[:first])
	for _, upstream := range pool[first+1:] {
		if fits(upstream) {
			kept = append(kept, upstream)
		}
	}
	return kept
}

// choose asks the inner policy. Caddy's weighted_round_robin finds its weights
// by the upstreams' positions in the pool, so it cannot choose among a part of
// the pool; byWeight does that.
func (s *Selection) choose(pool, admitted reverseproxy.UpstreamPool, r *http.Request, w http.ResponseWriter) *reverseproxy.Upstream {
	weighted, ok := s.inner.(*reverseproxy.WeightedRoundRobinSelection)
	if ok && len(admitted) < len(pool) {
		return byWeight(weighted.Weights, pool, admitted)
	}
	return s.inner.Select(admitted, r, w)
}

func (s *Selection) breakerOf(u *reverseproxy.Upstream) *breaker.Breaker {
	return s.breakers.Breaker(u.String())
}

func (s *Selection) settings() breaker.Settings {
	settings := breaker.Settings{
		TripAfter:    uint32(*s.TripAfter),
		OpenFor:      time.Duration(*s.OpenFor),
		HalfOpen:     uint32(*s.HalfOpen),
		ProbeTimeout: time.Duration(*s.ProbeTimeout),
	}
	if s.OpenMax != nil {
		settings.OpenMax = time.Duration(*s.OpenMax)
	}
	return settings
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Selection)(nil)
	_ caddy.Validator       = (*Selection)(nil)
	_ caddy.CleanerUpper    = (*Selection)(nil)
	_ reverseproxy.Selector = (*Selection)(nil)
)
