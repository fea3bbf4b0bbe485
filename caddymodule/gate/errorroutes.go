package gate

import (
	"errors"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/exchange"
)

// answerer says who answers an error that a gate handler returns. Caddy's error
// routes write to the server's own writer, not to the writers that handlers
// have wrapped around it.
type answerer int

const (
	// serverAnswers with the status of the error, and no body.
	serverAnswers answerer = iota
	// routesAnswer, behind a [takeover].
	routesAnswer
	// serverAnswersAtLast, if the server's error routes have failed, with the
	// status of the error that they handled.
	serverAnswersAtLast
)

// status returns the status that the server answers the error with.
func (a answerer) status(r *http.Request, err error) int {
	switch {
	case err == nil:
		return 0
	case a == serverAnswersAtLast:
		first, _ := r.Context().Value(caddyhttp.ErrorCtxKey).(error)
		if failure, ok := first.(caddyhttp.HandlerError); ok { //nolint:errorlint // as Caddy does
			return failure.StatusCode
		}
	default:
		if failure, ok := errors.AsType[caddyhttp.HandlerError](err); ok {
			return failure.StatusCode
		}
	}
	return http.StatusInternalServerError
}

// takeover stands before error routes. It makes them answer through the
// exchange's response, and so sees their answer.
type takeover struct{ Entrance }

// ServeHTTP passes the request on to the error routes.
func (t takeover) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if _, ok := ExchangeIn(r); !ok {
		return next.ServeHTTP(w, r) // No gate handler has seen it.
	}
	return t.Enter(w, r, next, t)
}

// Serve lets the error routes answer.
func (takeover) Serve(w http.ResponseWriter, r *http.Request, _ *exchange.Exchange, next caddyhttp.Handler) error {
	return next.ServeHTTP(w, r)
}

// answererOf returns the answerer of the handler that is being provisioned, and
// puts a takeover before the error routes around it. It can do so now, because
// servers and subroutes load their error routes after their routes.
func answererOf(ctx caddy.Context) answerer {
	outside := serverAnswers
	if srv, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok && takesOver(srv.Routes, srv.Errors, serverAnswersAtLast) {
		outside = routesAnswer
	}
	for _, module := range ctx.Modules() { // the outermost first
		if group, ok := module.(*caddyhttp.Subroute); ok && takesOver(group.Routes, group.Errors, outside) {
			outside = routesAnswer
		}
	}
	return outside
}

// takesOver reports whether the errors of a handler within the routes reach a
// takeover, which it makes if needed. The answerer says who answers if the
// error routes fail.
func takesOver(routes caddyhttp.RouteList, errors *caddyhttp.HTTPErrorConfig, atLast answerer) bool {
	if errors == nil || len(errors.Routes) == 0 {
		return false
	}
	if isTakeover(errors.Routes[0]) {
		return true
	}
	if !beingLoaded(routes) {
		// The handler is in the error routes themselves, or in a named route.
		return false
	}
	front := caddyhttp.Route{Handlers: []caddyhttp.MiddlewareHandler{takeover{Entrance{outside: atLast}}}}
	errors.Routes = slices.Insert(errors.Routes, 0, front)
	return true
}

func isTakeover(route caddyhttp.Route) bool {
	return slices.ContainsFunc(route.Handlers, func(handler caddyhttp.MiddlewareHandler) bool {
		_, ok := handler.(takeover)
		return ok
	})
}

// beingLoaded reports whether the handlers of a route are not loaded yet. Caddy
// drops their JSON once they are.
func beingLoaded(routes caddyhttp.RouteList) bool {
	return slices.ContainsFunc(routes, func(route caddyhttp.Route) bool { return len(route.HandlersRaw) > 0 })
}

// Interface guards
var (
	_ caddyhttp.MiddlewareHandler = takeover{}
	_ Handler                     = takeover{}
)
