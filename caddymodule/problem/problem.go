// Package problem renders refusals. Its handler gate_problem is the only place
// where an error becomes a response.
package problem

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("gate_problem", parseCaddyfile)
	// It comes after header, whose operations its answers need.
	httpcaddyfile.RegisterDirectiveOrder("gate_problem", httpcaddyfile.After, "header")
}

// Handler answers the errors of the handlers after it, with RFC 9457 problem
// details: the type, title, status, detail and request id, never the cause.
// docs/errors.md lists the problems. The handlers before it, such as tracing,
// see this answer like any other.
//
// Inside handle_errors, it answers the error that Caddy is handling. A site
// should have it there too, for errors that arise before its routes.
//
// Each refusal is logged in one line of the logger gate.refusals, and counted
// in the metric gate_refusals_total. If the fault is ours (a status of 500 or
// more), the line has the level error and the cause.
//
// In the request's span, it masks the client's address and names the problem
// and the request.
type Handler struct {
	// How many bytes the header of a request may have: the request line, and each
	// field with four for its colon and line end. A longer one gets a 431. The
	// server's own max_header_bytes must be larger, because a refusal by the
	// parser cannot be rendered. Default: only the server's bound.
	MaxHeader *int `json:"max_header,omitempty"`

	entrance gate.Entrance
	logger   *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_problem",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision sets up the handler.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx) // the app records refusals
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx).Unguarded().Unobserved()
	h.logger = ctx.Logger()
	return h.Options().Provision()
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve answers the error that Caddy is handling, or the error that the
// handlers after it return.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	if err, ok := r.Context().Value(caddyhttp.ErrorCtxKey).(error); ok {
		return h.answer(w, r, err)
	}
	describe(r)
	if p := h.checkHeader(r); p != nil {
		return h.answer(w, r, p)
	}
	response := exchange.Watch(w, nil)
	err := next.ServeHTTP(response, r)
	switch {
	case err == nil:
		return nil
	case !response.Begun():
		return h.answer(w, r, err)
	}
	// The client has half a response, and would take an error's body for the rest
	// of it. Show it that the response broke off.
	h.logger.Error("a response broke off", append(gate.LogFields(x), zap.Error(err))...)
	panic(http.ErrAbortHandler)
}

// checkHeader refuses a header that is too long.
func (h *Handler) checkHeader(r *http.Request) *problem.Problem {
	if h.MaxHeader == nil || headerSize(r) <= *h.MaxHeader {
		return nil
	}
	return problem.HeaderTooLarge.New(fmt.Sprintf("The header may have %d bytes.", *h.MaxHeader))
}

// headerSize returns the length of the header, as HTTP/1 would send it.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + 4
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + 4
		}
	}
	return size
}

// answer refuses the request because of the error.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, err error) error {
	id, p := gate.RequestID(r), problemOf(err)
	p = gate.Prepare(w, r, p)
	describeRefusal(r, p, id)
	return p.Write(w, id)
}

// problemOf returns the problem in an error, or the general one for its status.
func problemOf(err error) *problem.Problem {
	if p := (*problem.Problem)(nil); errors.As(err, &p) {
		return p
	}
	if handlerErr := (caddyhttp.HandlerError{}); errors.As(err, &handlerErr) {
		return problem.ForStatus(handlerErr.StatusCode).Because(err)
	}
	return problem.Internal.New("").Because(err)
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Options returns the options of gate_problem.
func (h *Handler) Options() option.Table {
	return option.Table{Name: "gate_problem", Options: []*option.Option{
		// A browser's header needs more than the least.
		option.Size("max_header", &h.MaxHeader, 1<<10, 1<<30).Example("32KiB").DefaultMeans("no bound but the server's"),
	}}
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
