package bench

import (
	"slices"
	"strings"
	"testing"
)

// plain is the global options of all rungs that do without the shipped ones.
const plain = `{
	admin {$ODORDIFF_ADMIN}
	persist_config off
	default_bind 127.0.0.1
	http_port {$ODORDIFF_HTTP_PORT}
	storage file_system {$ODORDIFF_STATE}/caddy
	log {
		level ERROR
	}
}`

// rung is one configuration of the ladder: a plain reverse_proxy with a few of
// the shipped Caddyfile's own directives, so that what is measured is what
// ships.
type rung struct {
	name string
	// whole is the shipped Caddyfile; without names directives of its sites to
	// leave out.
	whole   bool
	without []string

	// Otherwise, what a plain proxy gets of it: its global options, directives of
	// its site, and directives of its route /api/*, by their names.
	global      bool
	redis       bool // the gate app keeps the usage of limits in ODORDIFF_REDIS
	leased      bool // the limits are charged in advance
	audit       bool // the gate app records security events
	site, route []string
	// own is a directive that the shipped Caddyfile lacks.
	own string

	// What shows that the rung does its work: a field of each response, and a
	// status without a token.
	field     string
	anonymous int

	// budget is how many objects a request may allocate beyond plain Caddy; 0
	// where that is not up to the gateway's modules.
	budget float64
}

// rungs begins with what the others are compared with.
var rungs = []rung{
	{name: "plain Caddy"},
	{name: "access log, no filter", own: "log {\noutput stderr\n}"},
	{name: "access log", site: []string{"log", "log_append"}, budget: 62},
	{name: "tracing, no collector", own: "tracing"},
	{name: "problems", site: []string{"gate_problem"}, budget: 15},
	{name: "headers", site: []string{"import"}, field: "Content-Security-Policy", budget: 25},
	{name: "global options", global: true},
	{name: "breaker and transport", route: []string{"reverse_proxy"}, budget: 15},
	{name: "capacity", site: []string{"gate_capacity"}, budget: 15},
	{name: "three limits", route: []string{"gate_limit"}, field: "RateLimit", budget: 17},
	{name: "JWT, cached", route: []string{"gate_auth"}, anonymous: 401, budget: 13},
	{name: "JWT, cached, audited", audit: true, route: []string{"gate_auth"}, anonymous: 401, budget: 13},
	{name: "stale store", route: []string{"gate_fallback"}, field: "Gate-Served-By", budget: 25},
	{name: "JWT and policy", route: []string{"gate_auth", "gate_policy"}, anonymous: 401, budget: 50},
	{name: "chain, no log", whole: true, without: []string{"log", "log_append"}, field: "Gate-Served-By", anonymous: 401, budget: 147},
	{name: "shipped Caddyfile", whole: true, field: "Gate-Served-By", anonymous: 401, budget: 197},
}

// caddyfile is the rung's configuration.
func (r rung) caddyfile(t testing.TB) string {
	t.Helper()
	shipped := shippedCaddyfile(t)
	site := find(t, shipped, "http://")
	if r.whole {
		return render(without(shipped, r.without))
	}
	proxied := find(t, site.within, "route /api/*").only(named(t, site, r.route))
	if !slices.Contains(r.route, "reverse_proxy") {
		proxied.within = append(proxied.within, directive{line: "reverse_proxy {$ODORDIFF_UPSTREAM}"})
	}
	if r.leased {
		proxied = leased(proxied)
	}
	around := site.only(named(t, site, r.site)).within
	if r.own != "" {
		around = append(around, directive{line: r.own})
	}
	options := globals(t, parse(t, plain))
	var shared []directive
	if r.redis {
		shared = append(shared, directive{line: "redis {env.ODORDIFF_REDIS}"})
	}
	if r.audit {
		shared = append(shared, directive{line: "audit"})
	}
	if len(shared) > 0 {
		options = options.with(append(options.within, directive{line: "gate", opens: true, within: shared})...)
	}
	if r.global {
		options = globals(t, shipped)
	}
	var config []directive
	for _, d := range shipped {
		if strings.HasPrefix(d.line, "(") {
			config = append(config, d) // a snippet
		}
	}
	return render(append(config, options, site.with(append(around, proxied)...)))
}

// leased gives a lease to each limit within the directive.
func leased(d directive) directive {
	within := make([]directive, 0, len(d.within)+1)
	for _, one := range d.within {
		within = append(within, leased(one))
	}
	if d.name() == "limit" {
		within = append(within, directive{line: "lease 250ms"})
	}
	d.within = within
	return d
}

// named picks directives by name, but not those for some requests only, and
// the matchers that they may name. Each name must be there, or the rung would
// measure something else than it says.
func named(t testing.TB, site directive, names []string) func(directive) bool {
	t.Helper()
	for _, name := range names {
		if !slices.ContainsFunc(slices.Concat(find(t, site.within, "route /api/*").within, site.within),
			func(d directive) bool { return d.name() == name }) {
			t.Fatalf("the shipped Caddyfile has no %s", name)
		}
	}
	return func(d directive) bool {
		return strings.HasPrefix(d.line, "@") || slices.Contains(names, d.name()) && !strings.Contains(d.line, " @")
	}
}

// without leaves out directives, by their names, in all blocks but the global
// options.
func without(all []directive, names []string) []directive {
	var kept []directive
	for _, d := range all {
		if slices.Contains(names, d.name()) {
			continue
		}
		if d.line != "" {
			d.within = without(d.within, names)
		}
		kept = append(kept, d)
	}
	return kept
}
