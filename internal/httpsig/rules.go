package httpsig

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
)

const (
	// DefaultWindow is how old a signature may be.
	DefaultWindow = 5 * time.Minute
	// MaxWindow bounds it: every nonce of a window is remembered.
	MaxWindow = time.Hour
	// MaxLeeway bounds how far a signer's clock may be ahead of ours.
	MaxLeeway = 10 * time.Minute
)

// DefaultComponents returns the components that a signature must cover by
// default.
func DefaultComponents() []string {
	return []string{"@method", "@authority", "@path", componentDigest}
}

// Rules says which signatures are good.
type Rules struct {
	// Label selects one of several signatures of a request; if it is empty,
	// there must be exactly one.
	Label string
	// Components must be covered; none means DefaultComponents. In addition a
	// request's query and body must always be covered if it has them.
	// "content-digest" is not required if there is no body.
	Components []string
	// Window is how old a signature may be, up to MaxWindow; 0 means
	// DefaultWindow.
	Window time.Duration
	// Leeway is how far a signer's clock may be ahead, 0 to MaxLeeway.
	Leeway time.Duration
	// Scopes are the scopes that the key must have, all of them.
	Scopes []string
}

func (r Rules) withDefaults() Rules {
	if len(r.Components) == 0 {
		r.Components = DefaultComponents()
	}
	if r.Window == 0 {
		r.Window = DefaultWindow
	}
	return r
}

// check returns an error that begins with the name of the bad field.
func (r Rules) check() error {
	for _, name := range r.Components {
		if err := checkComponent(name); err != nil {
			return fmt.Errorf("components: %w", err)
		}
	}
	for _, scope := range r.Scopes {
		if !keyring.ValidScope(scope) {
			return fmt.Errorf("scope %q: has a character that scopes may not have", scope)
		}
	}
	if r.Window < time.Second || r.Window > MaxWindow {
		return fmt.Errorf("window: %v, want 1s to %v", r.Window, MaxWindow)
	}
	if r.Leeway < 0 || r.Leeway > MaxLeeway {
		return fmt.Errorf("leeway: %v, want 0s to %v", r.Leeway, MaxLeeway)
	}
	return nil
}

func checkComponent(name string) error {
	if name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, " \t\"\\") {
		return fmt.Errorf("%q is not a field name in lower case nor a derived component such as @method", name)
	}
	if !strings.HasPrefix(name, "@") {
		return nil
	}
	if _, err := (Message{}).component(name); err != nil {
		return fmt.Errorf("%q is not one of @method, @scheme, @authority, @target-uri, @request-target, @path, @query", name)
	}
	return nil
}

// contains lists the components that include others.
var contains = map[string][]string{
	"@target-uri":     {"@scheme", "@authority", "@path", "@query"},
	"@request-target": {"@path", "@query"},
}

// covers reports whether the covered components include the named one.
func covers(covered []string, name string) bool {
	return slices.ContainsFunc(covered, func(c string) bool {
		return c == name || slices.Contains(contains[c], name)
	})
}

// checkCovered checks what can be checked before the body is read.
func (r Rules) checkCovered(m Message, in input) error {
	for _, name := range r.Components {
		if name != componentDigest && !covers(in.components, name) {
			return fmt.Errorf("%w: %s is missing", ErrUncovered, name)
		}
	}
	if m.hasQuery() && !covers(in.components, "@query") {
		return fmt.Errorf("%w: the request has a query, and @query is missing", ErrUncovered)
	}
	return nil
}

// checkParameters checks the required parameters.
func checkParameters(in input) error {
	switch {
	case in.created.IsZero():
		return fmt.Errorf("%w: its parameter created is missing", ErrMalformed)
	case in.keyID == "":
		return fmt.Errorf("%w: its parameter keyid is missing", ErrMalformed)
	case len(in.nonce) < minNonce || len(in.nonce) > maxNonce:
		return fmt.Errorf("%w: its parameter nonce has %d characters, want %d to %d", ErrMalformed, len(in.nonce), minNonce, maxNonce)
	case in.alg != nil && *in.alg != string(keyring.HMACSHA256):
		return fmt.Errorf("%w: want %s", ErrAlgorithm, keyring.HMACSHA256)
	}
	return nil
}

// checkTime accepts a signature in [created - leeway, created + window), and
// before it expires.
func (r Rules) checkTime(in input, now time.Time) error {
	switch {
	case now.Before(in.created.Add(-r.Leeway)):
		return ErrNotYetValid
	case !now.Before(in.created.Add(r.Window)):
		return fmt.Errorf("%w: it was created more than %v ago", ErrExpired, r.Window)
	case !in.expires.IsZero() && !now.Before(in.expires):
		return fmt.Errorf("%w: its own expires is over", ErrExpired)
	}
	return nil
}

func (r Rules) checkScopes(key keyring.Key) error {
	for _, scope := range r.Scopes {
		if !slices.Contains(key.Scopes, scope) {
			return fmt.Errorf("%w: %s is needed", ErrScope, scope)
		}
	}
	return nil
}

// checkBody checks the body against the digest that the signature covers.
func checkBody(m Message, in input, body []byte) error {
	if slices.Contains(in.components, componentDigest) {
		return checkDigest(m.Header, body)
	}
	if len(body) > 0 {
		return fmt.Errorf("%w: the request has a body, and %s is missing", ErrUncovered, componentDigest)
	}
	return nil
}
