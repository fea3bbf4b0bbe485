// Package problem renders refusals. Its handler, gate_problem, is the only
// place where an error becomes a response.
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
	// Its answers go through header, whose operations they need, and whatever is
	// before that.
	httpcaddyfile.RegisterDirectiveOrder("gate_problem", httpcaddyfile.After, "header")
}

// Handler answers the errors of the handlers after it, with RFC 9457 problem
// details: the type, title, status, detail and request id, never the cause.
// docs/errors.md lists the problems. The handlers before it, such as tracing,
// see the answer as they see any other.
//
// Inside handle_errors it answers the error that Caddy is handling. A site
// wants it there, too, for errors that arise before its routes.
//
// Each refusal leaves one line of the logger gate.refusals, at the level error
// with its cause where the fault is ours (a status from 500 on), and a count in
// the metric gate_refusals_total.
//
// Of the request's span it masks the client's address, and says which problem
// and which request it is.
type Handler struct {
	// How many bytes the header of a request may have: the request line, and each
	// field with four for its colon and line end. A longer one gets a 431. The
	// server's own max_header_bytes must be above it: what the parser refuses,
	// nobody renders. Default: no bound but the server's.
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
	app, err := gate.AppOf(ctx) // it records refusals
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx).Unguarded()
	h.logger = ctx.Logger()
	return h.Options().Provision()
}

// ServeHTTP takes the request in.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve answers the error that Caddy is handling, or the one that the handlers
// after it return.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, _ *exchange.Exchange, next caddyhttp.Handler) error {
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
	// The client has half a response, which an error's body would be taken for
	// the rest of. Let it see that the response broke off.
	h.logger.Error("a response broke off", zap.String("request_id", gate.RequestID(r)), zap.Error(err))
	panic(http.ErrAbortHandler)
}

// checkHeader refuses a header that is too long.
func (h *Handler) checkHeader(r *http.Request) *problem.Problem {
	if h.MaxHeader == nil || headerSize(r) <= *h.MaxHeader {
		return nil
	}
	return problem.HeaderTooLarge.New(fmt.Sprintf("The header may have %d bytes.", *h.MaxHeader))
}

// headerSize is how long the header was, as HTTP/1 would send it.
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
	p := problemOf(err)
	id := gate.RequestID(r)
	gate.Prepare(w, r, p)
	describeRefusal(r, p, id)
	return p.Write(w, id)
}

// problemOf finds the problem in an error, or the one of its bare status.
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
