package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/token"
)

func init() {
	caddy.RegisterModule(JWT{})
}

// JWT accepts JSON Web Tokens as bearer tokens (RFC 6750). A token needs the
// claims iss, aud, exp and sub. Its key is found by kid: for HS256 in the
// keyring of the gate app, for the other algorithms in the JWKS file. Both may
// change without a reload.
type JWT struct {
	// The accepted algorithms, of HS256, ES256, EdDSA and RS256. Default: those
	// with keys, which are ES256, EdDSA and RS256 with jwks, else HS256.
	Algorithms []token.Algorithm `json:"algorithms,omitempty"`

	// The accepted issuers. A token's iss must be one of them. With several, a
	// principal's id is iss|sub, else sub. Default without jwks: odordiff, which
	// `odordiff token` writes.
	Issuers []string `json:"issuers,omitempty"`

	// The names of this service. A token's aud must hold one of them. Default
	// without jwks: odordiff, which `odordiff token` writes.
	Audiences []string `json:"audiences,omitempty"`

	// The file of public keys (RFC 7517). It is watched. Keys that cannot be used
	// are ignored, and the log says why; without any usable key, no token is
	// accepted.
	JWKS string `json:"jwks,omitempty"`

	// The scopes that a token needs, in scope or scp. If one is missing, the
	// request is refused with 403.
	RequireScopes []string `json:"require_scopes,omitempty"`

	// How far the issuer's clock may be from ours, up to 10m; 0 for not at all.
	// Default: 30s.
	Leeway *caddy.Duration `json:"leeway,omitempty"`

	// The claim that names the tenant. Default: tenant.
	TenantClaim string `json:"tenant_claim,omitempty"`

	// How many verified tokens to remember; 0 for none. Default: 4096.
	CacheSize *int `json:"cache_size,omitempty"`

	keySet   *token.KeySet
	verifier *token.Verifier
}

// CaddyModule returns the Caddy module information.
func (JWT) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.authentication.providers.gate_jwt",
		New: func() caddy.Module { return new(JWT) },
	}
}

// Provision opens the keys.
func (j *JWT) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	if err := j.Options().Provision(); err != nil {
		return err
	}
	config := token.Config{
		Algorithms: j.Algorithms, Issuers: j.orOurs(j.Issuers), Audiences: j.orOurs(j.Audiences),
		Scopes: j.RequireScopes, Leeway: time.Duration(*j.Leeway),
		TenantClaim: j.TenantClaim, CacheSize: *j.CacheSize, Keyring: app.Keyring(),
	}
	if err := j.openKeySet(app, ctx.Logger()); err != nil {
		return err
	}
	config.KeySet = j.keySet
	if len(config.Algorithms) == 0 {
		config.Algorithms = j.defaultAlgorithms()
	}
	j.verifier, err = token.New(config)
	return err
}

// orOurs returns the names. If there are none and no keys of another issuer, it
// returns the name that our own tokens have.
func (j *JWT) orOurs(names []string) []string {
	if len(names) == 0 && j.JWKS == "" {
		return []string{"odordiff"}
	}
	return names
}

func (j *JWT) openKeySet(app *gate.App, logger *zap.Logger) error {
	if j.JWKS == "" {
		return nil
	}
	var err error
	if j.keySet, err = app.KeySet(j.JWKS, logger); err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	return nil
}

func (j *JWT) defaultAlgorithms() []token.Algorithm {
	if j.keySet != nil {
		return []token.Algorithm{token.ES256, token.EdDSA, token.RS256}
	}
	return []token.Algorithm{token.HS256}
}

// Authenticate implements caddyauth.Authenticator, for Caddy's own
// authentication handler.
func (j *JWT) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	return authenticate(j, w, r)
}

func (j *JWT) identify(r *http.Request) (*exchange.Principal, *problem.Problem) {
	raw, refusal := bearer(r.Header)
	if refusal != nil {
		return nil, withBearerError(refusal)
	}
	if raw == "" {
		return nil, nil
	}
	claims, err := j.verifier.Verify(raw)
	if errors.Is(err, token.ErrScope) {
		return nil, j.lacksScope(err)
	}
	if err != nil {
		return nil, withBearerError(problemFor(err, tokenReasons))
	}
	principal := &exchange.Principal{
		ID: j.verifier.Principal(claims), Tenant: claims.Tenant, Method: "jwt", Scopes: claims.Scopes, Claims: claims.All,
	}
	if !claims.ByKeyring {
		principal.Authority = claims.Issuer
	}
	return principal, nil
}

// bearer returns the request's bearer token; "" if there is none.
func bearer(header http.Header) (string, *problem.Problem) {
	values := header.Values("Authorization")
	for _, value := range values {
		scheme, credential, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if len(values) > 1 {
			return "", problem.CredentialInvalid.New("The request has more than one Authorization field.")
		}
		if credential = strings.TrimSpace(credential); credential != "" {
			return credential, nil
		}
		return "", problem.CredentialInvalid.New("The Authorization field has no token after Bearer.")
	}
	return "", nil
}

// tokenReasons are what the sender is told. Unless the signature is valid, they
// say no more than the token itself does: a forger learns only that the
// signature is invalid.
var tokenReasons = []reason{
	{token.ErrExpired, problem.CredentialExpired, "The token has expired: get a new one."},
	{token.ErrNotYetValid, problem.CredentialInvalid, "The token is not valid yet: the clock here, or its issuer's, is wrong."},
	{token.ErrIssuer, problem.CredentialInvalid, "The token comes from an issuer that is not accepted here."},
	{token.ErrAudience, problem.CredentialInvalid, "The token was made for another audience."},
	{token.ErrClaim, problem.CredentialInvalid, ""},
	{token.ErrMalformed, problem.CredentialInvalid, "The token is not a well-formed JSON Web Token of at most 8 KiB."},
	{token.ErrAlgorithm, problem.CredentialInvalid, cannotVerify},
	{token.ErrCritical, problem.CredentialInvalid, cannotVerify},
	{token.ErrUnknownKey, problem.CredentialInvalid, cannotVerify},
	{token.ErrSignature, problem.CredentialInvalid, cannotVerify},
}

const cannotVerify = "The token's signature cannot be verified."

// withBearerError adds the challenge of RFC 6750, section 3.
func withBearerError(p *problem.Problem) *problem.Problem {
	return p.Header("WWW-Authenticate", fmt.Sprintf(`Bearer %s, error="invalid_token", error_description=%q`, realm, description(p.Detail)))
}

func (j *JWT) lacksScope(err error) *problem.Problem {
	scopes := strings.Join(j.RequireScopes, " ")
	return problem.ScopeInsufficient.New("The token needs the scope: "+scopes+".").Because(err).
		Header("WWW-Authenticate", fmt.Sprintf(`Bearer %s, error="insufficient_scope", scope=%q`, realm, scopes))
}

// description removes the characters that error_description may not have (RFC
// 6750, section 3).
func description(detail string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, detail)
}

func (*JWT) challenge(p *problem.Problem) { p.Header("WWW-Authenticate", "Bearer "+realm) }

func (*JWT) strip(header http.Header) { stripAuthorization(header) }

// Interface guards
var (
	_ caddy.Provisioner = (*JWT)(nil)
	_ provider          = (*JWT)(nil)
)
