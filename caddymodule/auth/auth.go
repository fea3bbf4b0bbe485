// Package auth has the handler gate_auth, which passes only requests with a
// valid credential, and two authentication providers: JSON Web Tokens and HTTP
// message signatures. Any other authentication provider of Caddy works with it
// too.
package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler passes a request if one of its providers accepts a credential of it,
// and refuses it otherwise. Two such handlers in a row each require a
// credential.
//
// The handler asks gate_jwt and gate_signature first. Every credential for them
// that the request carries must be valid, and all must name the same principal:
// a bad one is never overlooked because another is valid. If the request has
// none for them, the handler asks the other providers, in the order of their
// names; the first to accept decides.
//
// The principal becomes {http.auth.user.id}, with {http.auth.user.tenant},
// {http.auth.user.scopes}, {http.auth.user.method} and one placeholder for each
// further claim that is a printable string, a number or a boolean. They replace
// those of any earlier authentication. The upstream gets the principal as
// Gate-Principal, Gate-Tenant, Gate-Authority, Gate-Scopes and
// Gate-Auth-Method. The gateway always removes fields that begin with Gate-
// from the incoming request, and trailers too.
type Handler struct {
	// The authentication providers, by module name. At least one is needed.
	ProvidersRaw caddy.ModuleMap `json:"providers,omitempty" caddy:"namespace=http.authentication.providers"`

	// Passes requests without any credential as anonymous: without a principal. A
	// bad credential is still refused.
	Optional bool `json:"optional,omitempty"`

	// Sends the credential on to the upstream. By default, the fields of an
	// accepted credential are removed, because the upstream could log it or use it
	// elsewhere.
	ForwardCredential bool `json:"forward_credential,omitempty"`

	entrance gate.Entrance
	own      []named[provider]
	foreign  []named[caddyauth.Authenticator]
}

// named is a provider with its module name.
type named[T any] struct {
	name     string
	provider T
	// accepted counts the credentials that it accepted.
	accepted prometheus.Counter
}

// provider is a provider of this package. Unlike Caddy's interface, it
// distinguishes a bad credential from none.
type provider interface {
	caddyauth.Authenticator
	// identify returns the principal of the request's credential, or why it is
	// refused; neither if the request has no credential for this provider.
	identify(r *http.Request) (*exchange.Principal, *problem.Problem)
	// challenge adds to a refusal what the provider would accept.
	challenge(p *problem.Problem)
	// strip removes the credential's fields.
	strip(header http.Header)
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_auth",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision loads the providers.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx)
	if err := gate.RegisterMetrics(ctx, decisions); err != nil {
		return err
	}
	if len(h.ProvidersRaw) == 0 {
		return errors.New("providers: missing: nobody could pass; add gate_jwt or gate_signature")
	}
	modules, err := ctx.LoadModule(h, "ProvidersRaw")
	if err != nil {
		return fmt.Errorf("loading authentication providers: %w", err)
	}
	loaded := modules.(map[string]any)
	for _, name := range sortedKeys(loaded) {
		switch module := loaded[name].(type) {
		case provider:
			h.own = append(h.own, named[provider]{name, module, decisions.WithLabelValues(name, accepted)})
		case caddyauth.Authenticator:
			h.foreign = append(h.foreign, named[caddyauth.Authenticator]{name, module, decisions.WithLabelValues(name, accepted)})
		default:
			return fmt.Errorf("provider %s is a %T, which cannot authenticate", name, module)
		}
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve authenticates the request.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	// This also removes what an earlier handler has set: only a credential that is
	// valid here counts here.
	gate.DropIdentity(r.Header)
	found, err := h.authenticate(w, r)
	if err != nil {
		return err
	}
	if found.answered {
		return nil
	}
	if found.principal != nil {
		x.Principal = found.principal
		setPlaceholders(r, x)
		if refusal := gate.RecordUse(r, x); refusal != nil {
			return gate.Refuse(w, r, refusal)
		}
	}
	if x.Principal != nil { // from this handler or an earlier gate_auth
		setIdentity(r.Header, x.Principal)
	}
	if !h.ForwardCredential {
		h.strip(r.Header, found)
	}
	return next.ServeHTTP(w, r)
}

// outcome is the result for a request that is not refused.
type outcome struct {
	// principal is nil for an anonymous request.
	principal *exchange.Principal
	// own has a bit for each provider of this package that accepted a credential,
	// in their order.
	own uint64
	// foreign says that another provider accepted it.
	foreign bool
	// answered says that a provider has redirected the client, for example to a
	// login page.
	answered bool
}

func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request) (outcome, error) {
	found, refusal := h.askOwn(r)
	if refusal != nil {
		return outcome{}, gate.Refuse(w, r, refusal)
	}
	if found.principal != nil {
		return found, nil
	}
	attempts := new(attempts)
	if principal := h.askForeign(w, r, attempts); principal != nil {
		return outcome{principal: principal, foreign: true}, nil
	}
	return h.nobody(w, r, attempts)
}

// askOwn asks the providers of this package. Every credential must be valid,
// and all must agree.
func (h *Handler) askOwn(r *http.Request) (outcome, *problem.Problem) {
	var found outcome
	for i, own := range h.own {
		principal, refusal := own.provider.identify(r)
		if refusal == nil && disagree(found.principal, principal) {
			refusal = problem.CredentialInvalid.New("The credentials of the request name different principals: send one of them.")
			h.challenge(refusal)
		}
		if refusal != nil {
			count(own.name, refusal.Name)
			return outcome{}, refusal.By(own.name)
		}
		if principal == nil {
			continue
		}
		own.accepted.Inc()
		if found.principal == nil {
			found.principal = principal
		}
		found.own |= 1 << i
	}
	return found, nil
}

// strip removes the accepted credentials from the request.
func (h *Handler) strip(header http.Header, found outcome) {
	for i, own := range h.own {
		if found.own&(1<<i) != 0 {
			own.provider.strip(header)
		}
	}
	if found.foreign {
		stripAuthorization(header)
	}
}

// disagree reports whether there are two different principals.
func disagree(a, b *exchange.Principal) bool {
	return a != nil && b != nil && (a.ID != b.ID || a.Tenant != b.Tenant)
}

// nobody handles a request that no provider accepts.
func (h *Handler) nobody(w http.ResponseWriter, r *http.Request, tried *attempts) (outcome, error) {
	switch {
	case tried.fault != nil:
		return outcome{}, refuse(w, r, problem.AuthUnavailable.New("Try again later.").RetryAfter(retryAfter).Because(tried.fault))
	case h.Optional && !carriesCredential(r.Header):
		count(nobody, anonymous)
		return outcome{}, nil
	case tried.redirect != nil:
		return outcome{answered: true}, tried.redirect.replay(w)
	}
	p := problem.CredentialMissing.New("Send a credential: see WWW-Authenticate.")
	if carriesCredential(r.Header) {
		p = problem.CredentialInvalid.New("None of the credentials that the request carries is accepted here.")
	}
	h.challenge(p)
	for _, challenge := range tried.challenges {
		p.Header("WWW-Authenticate", challenge)
	}
	return outcome{}, refuse(w, r, p)
}

func (h *Handler) challenge(p *problem.Problem) {
	for _, own := range h.own {
		own.provider.challenge(p)
	}
}

// carriesCredential reports whether there is anything that may be meant as a
// credential, so that a broken one is not taken for none.
func carriesCredential(header http.Header) bool {
	return slices.ContainsFunc([]string{"Authorization", "Signature", "Signature-Input"}, func(name string) bool {
		return len(header.Values(name)) > 0
	})
}

func stripAuthorization(header http.Header) { header.Del("Authorization") }

func refuse(w http.ResponseWriter, r *http.Request, p *problem.Problem) error {
	count(nobody, p.Name)
	return gate.Refuse(w, r, p)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
)
