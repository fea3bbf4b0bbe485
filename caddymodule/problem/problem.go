// Package problem renders refusals. Its handler, gate_problem, is the only
// place where an error becomes a response.
package problem

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("gate_problem", parseCaddyfile)
	// Its answers go through header, whose operations they need, and whatever is before that.
	httpcaddyfile.RegisterDirectiveOrder("gate_problem", httpcaddyfile.After, "header")
}

// Handler answers the errors of the handlers after it, with RFC 9457 problem
// details: the type, title, status, detail and request id, never the cause.
// docs/errors.md lists the problems. The handlers before it, such as tracing, see
// the answer as they see any other.
//
// Inside handle_errors it answers the error that Caddy is handling. A site wants
// it there, too, for errors that arise before its routes.
//
// Each refusal leaves one line of the logger gate.refusals, at the level error
// with its cause where the fault is ours (a status from 500 on), and a count in
// the metric gate_refusals_total.
//
// Of the request's span it masks the client's address, and says which problem
// and which request it is.
type Handler struct {
	logger *zap.Logger
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
	if _, err := gate.AppOf(ctx); err != nil { // it records refusals
		return err
	}
	h.logger = ctx.Logger()
	return nil
}

// ServeHTTP answers the error that Caddy is handling, or the one that the
// handlers after it return.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if err, ok := r.Context().Value(caddyhttp.ErrorCtxKey).(error); ok {
		return h.answer(w, r, err)
	}
	describe(r)
	watched := &watchedWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	err := next.ServeHTTP(watched, r)
	switch {
	case err == nil:
		return nil
	case !watched.committed:
		return h.answer(w, r, err)
	}
	// The client has half a response, which an error's body would be taken for
	// the rest of. Let it see that the response broke off.
	h.logger.Error("a response broke off", zap.String("request_id", gate.RequestID(r)), zap.Error(err))
	panic(http.ErrAbortHandler)
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

// UnmarshalCaddyfile parses `gate_problem`, which takes no arguments.
func (*Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(0) {
		return d.Errf("unknown option %q: gate_problem has none", d.Val())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
