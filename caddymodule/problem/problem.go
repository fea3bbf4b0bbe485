// Package problem renders refusals. Its handler, gate_problem, stands in
// handle_errors and is the only place where an error becomes a response.
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
	httpcaddyfile.RegisterDirectiveOrder("gate_problem", httpcaddyfile.Before, "respond")
}

// Handler renders the error of the request as RFC 9457 problem details:
// its type, title, status, detail and request id, never its cause. It is used
// inside handle_errors; docs/errors.md lists the problems.
//
// The cause of what is our fault (a status from 500 on) goes to the log instead,
// under the request's id. Caddy itself would log a handled error at debug level only.
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
	h.logger = ctx.Logger()
	return nil
}

// ServeHTTP writes the problem of the error that Caddy is handling. Without
// an error, as when the directive stands outside of handle_errors, there is
// nothing at the path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	err, ok := r.Context().Value(caddyhttp.ErrorCtxKey).(error)
	if !ok {
		return gate.Refuse(w, r, problem.NotFound.New("gate_problem belongs inside handle_errors"))
	}
	p := problemOf(err)
	id := gate.RequestID(r)
	if p.Status >= http.StatusInternalServerError {
		// The error alone: the site's log filters do not reach this logger, so
		// nothing of the request may go there.
		h.logger.Error(p.Name, zap.String("request_id", id), zap.Int("status", p.Status), zap.Error(err))
	}
	return p.Write(w, id)
}

// problemOf finds the problem in an error, or the one of its bare status.
func problemOf(err error) *problem.Problem {
	if p := (*problem.Problem)(nil); errors.As(err, &p) {
		return p
	}
	if handlerErr := (caddyhttp.HandlerError{}); errors.As(err, &handlerErr) {
		return problem.ForStatus(handlerErr.StatusCode)
	}
	return problem.Internal.New("")
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
