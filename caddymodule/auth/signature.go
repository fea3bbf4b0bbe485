package auth

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Signature{})
}

// Signature accepts HTTP message signatures (RFC 9421) by hmac-sha256 with a
// key of the gate app's keyring. A signature needs created, keyid and a nonce.
// It is valid only once: the gate app remembers the nonce, in Redis for all
// gateways. A request's query and body must always be covered.
type Signature struct {
	// The components that a signature must cover. content-digest is required only
	// if there is a body. Default: @method, @authority, @path, content-digest.
	Components []string `json:"components,omitempty"`

	// How old a signature may be, 1s to 1h. Default: 5m.
	Window *caddy.Duration `json:"window,omitempty"`

	// How far the signer's clock may be ahead of ours, up to 10m; 0 for not at
	// all. Default: 30s.
	Leeway *caddy.Duration `json:"leeway,omitempty"`

	// The label of the signature; others are ignored. Default: any, but the
	// request must have only one signature.
	Label string `json:"label,omitempty"`

	// The scopes that the key needs in the keyring. If one is missing, the request
	// is refused with 403.
	RequireScopes []string `json:"require_scopes,omitempty"`

	// The most bytes of a body that are read to check its digest. Default: 1 MiB.
	MaxBody *int64 `json:"max_body,omitempty"`

	verifier *httpsig.Verifier
	accept   string
}

// CaddyModule returns the Caddy module information.
func (Signature) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.authentication.providers.gate_signature",
		New: func() caddy.Module { return new(Signature) },
	}
}

// Provision gets the keyring and the store of nonces.
func (s *Signature) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	if app.Keyring() == nil {
		return errors.New("the gate app has no keyring: add `gate { keyring <file> }` to the global options")
	}
	if err := s.Options().Provision(); err != nil {
		return err
	}
	s.accept = cmp.Or(s.Label, "sig1") + `=("` + strings.Join(s.Components, `" "`) + `");created;alg="` + string(keyring.HMACSHA256) + `"`
	rules := httpsig.Rules{
		Label: s.Label, Components: s.Components, Window: time.Duration(*s.Window),
		Leeway: time.Duration(*s.Leeway), Scopes: s.RequireScopes,
	}
	s.verifier, err = httpsig.New(rules, app.Keyring(), app.Nonces(), nil)
	return err
}

// Authenticate implements caddyauth.Authenticator, for Caddy's own
// authentication handler.
func (s *Signature) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	return authenticate(s, w, r)
}

func (s *Signature) identify(r *http.Request) (*exchange.Principal, *problem.Problem) {
	if !httpsig.Present(r.Header) {
		return nil, nil
	}
	x := gate.ExchangeOf(r)
	key, err := s.verifier.Verify(r.Context(), messageOf(r), func() ([]byte, error) { return x.Body(r, *s.MaxBody) })
	if errors.Is(err, httpsig.ErrMissing) {
		return nil, nil // only signatures with other labels, for other parties
	}
	if err != nil {
		return nil, s.refuse(err)
	}
	return &exchange.Principal{ID: key.Principal, Tenant: key.Tenant, Method: "signature", Scopes: key.Scopes}, nil
}

// messageOf returns the request as the client sent it, before any rewriting.
func messageOf(r *http.Request) httpsig.Message {
	m := httpsig.Message{Method: r.Method, Scheme: "http", Authority: r.Host, Target: r.RequestURI, Header: r.Header}
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		m.Method, m.Target = original.Method, original.RequestURI
	}
	if r.TLS != nil {
		m.Scheme = "https"
	}
	return m
}

// signatureReasons are what the sender is told, to help the author of a client.
// Wrong secrets and unknown keys look the same.
var signatureReasons = []reason{
	{exchange.ErrTooLarge, problem.TooLarge, "Send a smaller body."},
	{httpsig.ErrBody, problem.Malformed, "The body could not be read to its end."},
	{httpsig.ErrExpired, problem.CredentialExpired, "The signature is too old: sign the request again; if it is new, check the clock."},
	{httpsig.ErrNotYetValid, problem.CredentialInvalid, "The signature was created in the future: check the clock."},
	{httpsig.ErrReplayed, problem.CredentialReplayed, "Sign each request with a fresh nonce."},
	{httpsig.ErrUnavailable, problem.AuthUnavailable, "Whether the signature was used before cannot be told now: sign again and try later."},
	{httpsig.ErrMalformed, problem.CredentialInvalid, ""},
	{httpsig.ErrUncovered, problem.CredentialInvalid, ""},
	{httpsig.ErrAlgorithm, problem.CredentialInvalid, ""},
	{httpsig.ErrDigest, problem.CredentialInvalid, "The body does not match its Content-Digest."},
	{httpsig.ErrUnknownKey, problem.CredentialInvalid, doesNotVerify},
	{httpsig.ErrSignature, problem.CredentialInvalid, doesNotVerify},
}

const doesNotVerify = "The signature does not verify: its key is not known here, or the request is not the one that was signed."

func (s *Signature) refuse(err error) *problem.Problem {
	if errors.Is(err, httpsig.ErrScope) {
		return problem.ScopeInsufficient.New("The key needs the scope: " + strings.Join(s.RequireScopes, " ") + ".").Because(err)
	}
	p := problemFor(err, signatureReasons)
	switch p.Status {
	case http.StatusUnauthorized:
		s.challenge(p)
	case http.StatusServiceUnavailable:
		p.RetryAfter(retryAfter)
	}
	return p
}

// challenge says what a signature must cover (RFC 9421, section 5). The scheme
// in WWW-Authenticate is not registered, but RFC 9110 requires one with a 401.
func (s *Signature) challenge(p *problem.Problem) {
	p.Header("WWW-Authenticate", "Signature "+realm)
	p.Header("Accept-Signature", s.accept)
}

func (*Signature) strip(header http.Header) {
	header.Del("Signature")
	header.Del("Signature-Input")
}

// Interface guards
var (
	_ caddy.Provisioner = (*Signature)(nil)
	_ provider          = (*Signature)(nil)
)
