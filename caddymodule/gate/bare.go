package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

const (
	handlers       = "http.handlers."
	problemHandler = handlers + "gate_problem"
	headersHandler = handlers + "gate_headers" // refuses nothing
)

// warnOfBareRefusals names the handlers whose refusals would have no body,
// because no gate_problem answers them.
func warnOfBareRefusals(servers map[string]*caddyhttp.Server, logger *zap.Logger) {
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		server := servers[name]
		for _, handler := range bareIn(server) {
			logger.Warn("the refusals of a handler have no body: add gate_problem to its site, and to the site's handle_errors",
				zap.String("server", name), zap.Strings("listen", server.Listen), zap.String("handler", handler))
		}
	}
}

// bareIn returns the gate handlers of a server that no gate_problem answers
// for.
func bareIn(server *caddyhttp.Server) []string {
	found := map[string]bool{}
	for _, route := range server.Routes {
		collectBare(caddyhttp.RouteList{route}, server.Errors != nil && answeredBy(server.Errors.Routes, route), found)
	}
	return slices.Sorted(maps.Keys(found))
}

// collectBare walks the routes. A gate_problem answers for every handler after
// it.
func collectBare(routes caddyhttp.RouteList, answered bool, found map[string]bool) {
	for _, route := range routes {
		for _, handler := range route.Handlers {
			id := idOf(handler)
			if group, ok := handler.(*caddyhttp.Subroute); ok {
				inside := answered || group.Errors != nil && slices.ContainsFunc(group.Errors.Routes, answers)
				collectBare(group.Routes, inside, found)
				continue
			}
			if id == problemHandler {
				answered = true
			}
			if name, ours := strings.CutPrefix(id, handlers+"gate_"); ours && !answered && id != headersHandler {
				found["gate_"+name] = true
			}
		}
	}
}

// answers reports whether there is a gate_problem in the route.
func answers(route caddyhttp.Route) bool {
	return slices.ContainsFunc(route.Handlers, func(handler caddyhttp.MiddlewareHandler) bool {
		if group, ok := handler.(*caddyhttp.Subroute); ok {
			return slices.ContainsFunc(group.Routes, answers)
		}
		return idOf(handler) == problemHandler
	})
}

// answeredBy reports whether the first of the error routes that is for the
// hosts of a route answers; a Caddyfile makes one for each site.
func answeredBy(errors caddyhttp.RouteList, route caddyhttp.Route) bool {
	i := slices.IndexFunc(errors, func(candidate caddyhttp.Route) bool {
		return !isTakeover(candidate) && sameHosts(route, candidate)
	})
	return i >= 0 && answers(errors[i])
}

// sameHosts reports whether an error route is for the hosts of a route.
func sameHosts(route, errors caddyhttp.Route) bool {
	theirs := hostsOf(errors)
	if len(theirs) == 0 {
		return true
	}
	ours := hostsOf(route)
	return len(ours) > 0 && !slices.ContainsFunc(ours, func(host string) bool { return !slices.Contains(theirs, host) })
}

func hostsOf(route caddyhttp.Route) []string {
	var hosts []string
	for _, set := range route.MatcherSets {
		for _, matcher := range set {
			switch m := matcher.(type) {
			case *caddyhttp.MatchHost:
				hosts = append(hosts, *m...)
			case caddyhttp.MatchHost:
				hosts = append(hosts, m...)
			}
		}
	}
	return hosts
}

func idOf(handler any) string {
	if module, ok := handler.(caddy.Module); ok {
		return string(module.CaddyModule().ID)
	}
	return fmt.Sprintf("%T", handler)
}
