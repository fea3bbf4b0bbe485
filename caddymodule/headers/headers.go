// Package headers has the Caddy handler gate_headers, which tells browsers how
// to treat an answer, and which other sites' scripts may read it. What they are
// told is made by internal/browser.
package headers

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/browser"
	"github.com/odordiff/odordiff/internal/exchange"
)

func init() { caddy.RegisterModule(Handler{}) }

// Handler gives every answer of a site the header fields that OWASP's Secure
// Headers Project recommends, the id of the request in X-Request-Id, and
// Cache-Control: no-store unless the answer says who may keep it. It takes out
// fields that name the software, such as Server and Via.
//
// That holds for whatever is sent at last: for an answer of the upstream, whose
// own fields of these names give way, and for a refusal of any handler.
// Strict-Transport-Security is sent over TLS only.
//
// A line that begins with the name of a field, such as
// `X-Frame-Options SAMEORIGIN`, sets that field to another value, and one such
// as `-X-Frame-Options` leaves it out and removes it.
type Handler struct {
	// Lets scripts of other sites use this one (CORS). Without it, or without an
	// origin, the gateway says nothing of it.
	CORS *CORS `json:"cors,omitempty"`

	// Values of fields, in place of the recommended ones or beside them.
	Set map[string]string `json:"set,omitempty"`

	// Fields that no answer has.
	Remove []string `json:"remove,omitempty"`

	entrance gate.Entrance
	manners  *browser.Manners
}

// CORS lets scripts of other sites read answers, refusals too. The question
// that a browser asks beforehand, the preflight, is answered here, with 204: it
// carries no credential, so no later handler could let it pass.
type CORS struct {
	// The sites, compared letter by letter. Neither * nor null is one.
	Origins []string `json:"origins,omitempty"`

	// The methods that a script may use. Default: GET, HEAD, POST, DELETE.
	Methods []string `json:"methods,omitempty"`

	// The fields that a script may send. The default has what authentication,
	// traces and conditional requests need.
	Headers []string `json:"headers,omitempty"`

	// The fields that a script may read. The default has those of limits, retries,
	// jobs, and the request's id.
	Expose []string `json:"expose,omitempty"`

	// How long a browser may keep the answer to a preflight. Chromium keeps it for
	// two hours at most. Default: 1h.
	MaxAge *caddy.Duration `json:"max_age,omitempty"`

	// Lets a browser add by itself what it holds for this site: cookies, and
	// client certificates. A token that the script sends does not need it.
	Credentials bool `json:"credentials,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_headers",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision makes the fields.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.Options().Provision(); err != nil {
		return err
	}
	if err := h.checkFields(); err != nil {
		return err
	}
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx).Unguarded().Unobserved()
	set := browser.Recommended()
	maps.Copy(set, canonical(h.Set))
	for _, name := range h.Remove {
		delete(set, http.CanonicalHeaderKey(name))
	}
	h.manners = browser.NewManners(set, slices.Concat(browser.Telling, h.Remove), h.CORS.sharing())
	return nil
}

func (c *CORS) sharing() browser.Sharing {
	if c == nil {
		return browser.Sharing{}
	}
	return browser.Sharing{
		Origins: c.Origins, Methods: c.Methods, Headers: c.Headers, Expose: c.Expose,
		MaxAge: time.Duration(*c.MaxAge), Credentials: c.Credentials,
	}
}

func canonical(set map[string]string) map[string]string {
	named := make(map[string]string, len(set))
	for name, value := range set {
		named[http.CanonicalHeaderKey(name)] = value
	}
	return named
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve has the fields set on the answer, and answers a preflight.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	x.Response.Set("X-Request-Id", x.ID())
	fields, preflight := h.manners.For(r)
	x.Response.OnHead(finisher{fields})
	if preflight {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return next.ServeHTTP(w, r)
}

// finisher makes the fields those of an answer.
type finisher struct{ *browser.Fields }

// Finish implements exchange.Finisher.
func (f finisher) Finish(status int, header http.Header) { f.Apply(header, status) }

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
	_ exchange.Finisher           = finisher{}
)
