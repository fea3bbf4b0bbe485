package gate

import (
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/metric"
)

var (
	// requestSeconds is the rate, the errors and the duration of each route.
	requestSeconds = prometheus.NewHistogramVec(metric.Seconds("gate_request_seconds",
		"How long requests took until the last byte, by route, which is the path of the narrowest matcher around a gate handler that took the request in, as it is configured, and by the class of the status (2xx; none where the connection ended before one).",
		.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60), []string{"route", "status"})

	// firstByteSeconds is what clients of streams wait for.
	firstByteSeconds = prometheus.NewHistogramVec(metric.Seconds("gate_first_byte_seconds",
		"How long requests waited for the header of the answer, by route.",
		.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60), []string{"route"})
)

// route is a path as the config has it, such as /api/*, with its metrics. A
// series is made when it is first needed.
type route struct {
	location
	whole *metric.ByClass
	first func() prometheus.Observer
}

// location is where in the config a handler stands: in routes of so many paths
// within each other, of which this is the innermost.
type location struct {
	path  string
	depth int
}

// narrower reports whether fewer requests reach the place.
func (p location) narrower(than location) bool {
	if p.depth != than.depth {
		return p.depth > than.depth
	}
	return len(p.path) > len(than.path)
}

// elsewhere is the route of requests that no handler with a path took in.
var elsewhere = newRoute(location{path: "other"})

func newRoute(p location) *route {
	return &route{
		location: p,
		whole:    metric.NewByClass(func(class string) prometheus.Observer { return requestSeconds.WithLabelValues(p.path, class) }),
		first:    sync.OnceValue(func() prometheus.Observer { return firstByteSeconds.WithLabelValues(p.path) }),
	}
}

// narrow makes the route that of the request, if it is narrower than the one
// before.
func (v *visit) narrow(r *route) {
	if r != nil && (v.route == nil || r.narrower(v.route.location)) {
		v.route = r
	}
}

// routeOf returns the route of the handler that is being provisioned; nil
// where nothing around it has a path.
func (a *App) routeOf(ctx caddy.Context) *route {
	var p location
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		p = p.within(server.Routes)
	}
	for _, module := range ctx.Modules() { // the outermost first
		if group, ok := module.(*caddyhttp.Subroute); ok {
			p = p.within(group.Routes)
		}
	}
	if p.depth == 0 {
		return nil
	}
	if a.routes[p] == nil {
		a.routes[p] = newRoute(p)
	}
	return a.routes[p]
}

// within returns the place in that of the routes which is being loaded: the
// first with handlers that are not loaded yet.
func (p location) within(routes caddyhttp.RouteList) location {
	loading := slices.IndexFunc(routes, func(route caddyhttp.Route) bool { return len(route.HandlersRaw) > 0 })
	if loading < 0 {
		return p
	}
	if paths := pathsOf(routes[loading]); len(paths) > 0 {
		return location{strings.Join(paths, " "), p.depth + 1}
	}
	return p
}

// pathsOf returns the paths of a route's matchers.
func pathsOf(route caddyhttp.Route) []string {
	var paths []string
	for _, set := range route.MatcherSets {
		for _, matcher := range set {
			switch m := matcher.(type) {
			case *caddyhttp.MatchPath:
				paths = append(paths, *m...)
			case caddyhttp.MatchPath:
				paths = append(paths, m...)
			}
		}
	}
	return paths
}
