// Package token verifies JSON Web Tokens as credentials and follows the advice
// of RFC 8725: the algorithms are pinned and each key serves one; a token
// cannot supply its own key; issuer, audience and expiry are required.
package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/odordiff/odordiff/internal/keyring"
)

// Algorithm is a JWS algorithm (RFC 7518, section 3.1; RFC 8037).
type Algorithm string

// The supported algorithms. HS256 takes its keys from the keyring, the others
// from a key set, so that a public key can never be used as a secret.
const (
	HS256 Algorithm = "HS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA"
	RS256 Algorithm = "RS256"
)

var asymmetric = []Algorithm{ES256, EdDSA, RS256}

// jose are the algorithms as the JOSE library names them.
var jose = map[Algorithm]jwa.SignatureAlgorithm{
	HS256: jwa.HS256(), ES256: jwa.ES256(), EdDSA: jwa.EdDSA(), RS256: jwa.RS256(),
}

const (
	// DefaultTenantClaim names the tenant.
	DefaultTenantClaim = "tenant"
	// MaxLeeway bounds how far clocks may be apart.
	MaxLeeway = 10 * time.Minute
)

// Config says which tokens are accepted.
type Config struct {
	// Algorithms are the accepted algorithms; at least one.
	Algorithms []Algorithm
	// Issuers are the accepted issuers; at least one. If there are several, the
	// names of principals contain the issuer: see [Verifier.Principal].
	Issuers []string
	// Audiences are our names, at least one. A token must name at least one of
	// them.
	Audiences []string
	// Scopes are the scopes that a token must have, all of them.
	Scopes []string
	// Leeway is how far the issuer's clock may be from ours, 0 to MaxLeeway.
	Leeway time.Duration
	// TenantClaim names the claim of the tenant; empty means DefaultTenantClaim.
	TenantClaim string
	// Keyring has the secrets of HS256; nil where that is not accepted.
	Keyring *keyring.Keyring
	// KeySet has the public keys of the other algorithms; nil where none is
	// accepted.
	KeySet *KeySet
	// CacheSize is how many verified tokens to remember; 0 for none.
	CacheSize int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Verifier verifies tokens. Its methods may be called concurrently.
type Verifier struct {
	config Config
	cache  *cache
}

// New returns a verifier, or an error that names the bad field.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.TenantClaim == "" {
		c.TenantClaim = DefaultTenantClaim
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{config: c, cache: newCache(c.CacheSize)}, nil
}

func (c Config) check() error {
	if len(c.Algorithms) == 0 {
		return errors.New("algorithms: missing: pin those that your issuer uses")
	}
	for _, algorithm := range c.Algorithms {
		if err := c.checkAlgorithm(algorithm); err != nil {
			return fmt.Errorf("algorithms: %w", err)
		}
	}
	if err := c.checkIssuers(); err != nil {
		return err
	}
	if len(c.Audiences) == 0 || slices.Contains(c.Audiences, "") {
		return errors.New("audience: missing: name whom a token must be made for")
	}
	for _, scope := range c.Scopes {
		if !keyring.ValidScope(scope) {
			return fmt.Errorf("scope %q: has a character that scopes may not have", scope)
		}
	}
	if c.Leeway < 0 || c.Leeway > MaxLeeway {
		return fmt.Errorf("leeway: %v, want 0s to %v", c.Leeway, MaxLeeway)
	}
	return nil
}

func (c Config) checkIssuers() error {
	if len(c.Issuers) == 0 || slices.Contains(c.Issuers, "") {
		return errors.New("issuer: missing: name whose tokens are good")
	}
	for _, issuer := range c.Issuers {
		if !keyring.ValidName(issuer) {
			return fmt.Errorf("issuer %q: has characters that are not printable, or space around it, or is longer than 256 bytes", issuer)
		}
		if len(c.Issuers) > 1 && strings.Contains(issuer, separator) {
			return fmt.Errorf("issuer %q: several go into the names of their principals, so none may have a %s", issuer, separator)
		}
	}
	return nil
}

func (c Config) checkAlgorithm(algorithm Algorithm) error {
	switch _, known := jose[algorithm]; {
	case !known:
		return fmt.Errorf("%q is not one of HS256, ES256, EdDSA, RS256", string(algorithm))
	case algorithm == HS256 && c.Keyring == nil:
		return errors.New("HS256 needs a keyring")
	case algorithm != HS256 && c.KeySet == nil:
		return fmt.Errorf("%s needs a JWKS file", algorithm)
	}
	return nil
}

// Verify returns the claims of a valid token. If the error wraps [ErrExpired],
// [ErrNotYetValid] or [ErrScope], the signature was valid.
func (v *Verifier) Verify(raw string) (Claims, error) {
	if len(raw) > MaxSize {
		return Claims{}, fmt.Errorf("%w: more than %d bytes", ErrMalformed, MaxSize)
	}
	now := v.config.Now()
	proof, err := v.prove(raw, now)
	if err != nil {
		return Claims{}, err
	}
	if err := v.validate(proof.claims, now); err != nil {
		return Claims{}, err
	}
	return proof.claims, nil
}

// separator stands between an issuer and its subject.
const separator = "|"

// Principal returns the name of whom verified claims are about: the subject,
// after "issuer|" if several issuers are accepted, because the same sub of two
// issuers means two principals (RFC 7519, section 4.1.2).
func (v *Verifier) Principal(c Claims) string {
	if len(v.config.Issuers) == 1 {
		return c.Subject
	}
	return c.Issuer + separator + c.Subject
}

// prove checks the signature, unless the cache shows that it was checked
// before.
func (v *Verifier) prove(raw string, now time.Time) (*verified, error) {
	// The revisions are read before the keys: a change in between costs a
	// verification more, and never keeps a token of the old keys.
	sources, key := v.revisions(), sha256.Sum256([]byte(raw))
	if proof, ok := v.cache.get(key, sources, now); ok && proof.keyValid(now) {
		return proof, nil
	}
	proof, err := v.verifySignature(raw, now)
	if err != nil {
		return nil, err
	}
	proof.sources = sources
	v.cache.put(key, proof)
	return proof, nil
}

func (v *Verifier) revisions() (r revisions) {
	if v.config.Keyring != nil {
		r[0] = v.config.Keyring.Revision()
	}
	if v.config.KeySet != nil {
		r[1] = v.config.KeySet.Revision()
	}
	return r
}

func (v *Verifier) verifySignature(raw string, now time.Time) (*verified, error) {
	parsed, err := parseCompact(raw)
	if err != nil {
		return nil, err
	}
	algorithm := Algorithm(parsed.header.Algorithm)
	if !slices.Contains(v.config.Algorithms, algorithm) {
		return nil, ErrAlgorithm
	}
	key, err := v.findKey(parsed.header, algorithm, now)
	if err != nil {
		return nil, err
	}
	if _, err := jws.VerifyCompactFast(key.material, []byte(raw), jose[algorithm]); err != nil {
		return nil, ErrSignature // the library's words may quote the token
	}
	claims, err := parseClaims(parsed.payload, v.config.TenantClaim)
	if err != nil {
		return nil, err
	}
	if err := key.bound(&claims); err != nil {
		return nil, err
	}
	return &verified{claims: claims, keyValid: key.valid}, nil
}

// foundKey is a key of either source.
type foundKey struct {
	material any
	valid    func(time.Time) bool
	// bound narrows the claims to what the key may vouch for.
	bound func(*Claims) error
}

func (v *Verifier) findKey(h header, algorithm Algorithm, now time.Time) (foundKey, error) {
	if algorithm != HS256 {
		public, ok := v.config.KeySet.lookup(h.KeyID, algorithm)
		if !ok {
			return foundKey{}, ErrUnknownKey
		}
		return foundKey{material: public, valid: always, bound: func(*Claims) error { return nil }}, nil
	}
	key, ok := v.config.Keyring.Lookup(h.KeyID)
	if !ok || key.Algorithm != keyring.HS256 {
		return foundKey{}, ErrUnknownKey
	}
	if !key.Valid(now) {
		return foundKey{}, fmt.Errorf("%w: it is not good at this time", ErrUnknownKey)
	}
	return foundKey{
		material: []byte(key.Secret), valid: key.Valid,
		bound: func(c *Claims) error {
			c.ByKeyring = true
			return bind(c, key)
		},
	}, nil
}

// bind holds the claims to what the keyring lets the key vouch for.
func bind(c *Claims, key keyring.Key) error {
	if key.Principal != "" && c.Subject != key.Principal {
		return fmt.Errorf("%w: sub is not the principal that the key is for", ErrClaim)
	}
	if key.Tenant != "" {
		if c.Tenant != "" && c.Tenant != key.Tenant {
			return fmt.Errorf("%w: the tenant is not the one that the key is for", ErrClaim)
		}
		c.Tenant = key.Tenant
	}
	if len(key.Scopes) > 0 {
		c.Scopes = slices.DeleteFunc(slices.Clone(c.Scopes), func(scope string) bool {
			return !slices.Contains(key.Scopes, scope)
		})
	}
	return nil
}

// validate returns why proved claims are not good enough now, if they are not.
// A token is good in [nbf - leeway, exp + leeway).
func (v *Verifier) validate(c Claims, now time.Time) error {
	leeway := v.config.Leeway
	switch {
	case !slices.Contains(v.config.Issuers, c.Issuer):
		return ErrIssuer
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(v.config.Audiences, a) }):
		return ErrAudience
	case !now.Before(c.Expiry.Add(leeway)):
		return ErrExpired
	case now.Before(c.NotBefore.Add(-leeway)):
		return ErrNotYetValid
	case now.Before(c.IssuedAt.Add(-leeway)):
		return fmt.Errorf("%w: it says that it was issued in the future", ErrNotYetValid)
	}
	for _, scope := range v.config.Scopes {
		if !slices.Contains(c.Scopes, scope) {
			return fmt.Errorf("%w: %s is needed", ErrScope, scope)
		}
	}
	return nil
}
