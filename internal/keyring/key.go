package keyring

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Algorithm says what a key is for. A key serves one algorithm only, so that a
// token can never pass for a signature, nor a signature for a token.
type Algorithm string

const (
	// HS256 signs JSON Web Tokens (RFC 7518, section 3.2).
	HS256 Algorithm = "HS256"
	// HMACSHA256 signs HTTP messages (RFC 9421, section 3.3.3).
	HMACSHA256 Algorithm = "hmac-sha256"
)

const (
	// MinSecret is how many bytes a secret needs: as many as the hash has (RFC
	// 7518, section 3.2).
	MinSecret = 32
	// MaxSecret is how many bytes a secret may have.
	MaxSecret = 1024
	// maxName bounds ids, principals, tenants and scopes, which travel in HTTP
	// fields.
	maxName = 256
)

// Secret is the bytes of a key. It prints as "[secret]"; the bytes are written
// to keyring files only.
type Secret []byte

// String implements fmt.Stringer without the secret.
func (Secret) String() string { return "[secret]" }

// GoString implements fmt.GoStringer without the secret.
func (Secret) GoString() string { return "[secret]" }

// Format implements fmt.Formatter, so that no verb prints the bytes.
func (Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte("[secret]")) }

// MarshalJSON implements json.Marshaler without the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"[secret]"`), nil }

// Key is one shared secret and what it may be used for.
type Key struct {
	// ID names the key in a token's kid or a signature's keyid.
	ID string
	// Algorithm is what the key is for.
	Algorithm Algorithm
	// Secret has between MinSecret and MaxSecret bytes.
	Secret Secret
	// Principal is who signs with this key. For HS256, where the token names
	// its subject, it is the only subject that the key may vouch for; empty
	// means any.
	Principal string
	// Tenant is the principal's tenant. For HS256 it is the only tenant that
	// the key may vouch for; empty means any.
	Tenant string
	// Scopes are what a signature with this key permits. For HS256 they are the
	// most that a token may permit; empty means that the token decides.
	Scopes []string
	// NotBefore is when the key becomes valid; zero means at once.
	NotBefore time.Time
	// NotAfter is when the key expires; zero means never.
	NotAfter time.Time
}

// Valid reports whether the key is valid at that moment.
func (k Key) Valid(at time.Time) bool {
	return !at.Before(k.NotBefore) && (k.NotAfter.IsZero() || at.Before(k.NotAfter))
}

// record is a key as it is written in the file.
type record struct {
	ID        string    `json:"id"`
	Algorithm Algorithm `json:"algorithm"`
	Secret    string    `json:"secret"`
	Principal string    `json:"principal,omitzero"`
	Tenant    string    `json:"tenant,omitzero"`
	Scopes    []string  `json:"scopes,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
}

func (k Key) record() record {
	return record{
		ID: k.ID, Algorithm: k.Algorithm, Secret: base64.StdEncoding.EncodeToString(k.Secret),
		Principal: k.Principal, Tenant: k.Tenant, Scopes: k.Scopes, NotBefore: k.NotBefore, NotAfter: k.NotAfter,
	}
}

func (r record) key() (Key, error) {
	secret, err := base64.StdEncoding.Strict().DecodeString(r.Secret)
	if err != nil {
		return Key{}, errors.New("secret: not base64: make one with `openssl rand -base64 32`")
	}
	k := Key{
		ID: r.ID, Algorithm: r.Algorithm, Secret: secret,
		Principal: r.Principal, Tenant: r.Tenant, Scopes: r.Scopes, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
	}
	return k, k.check()
}

// check returns an error that begins with the name of the bad field.
func (k Key) check() error {
	if k.ID == "" {
		return errors.New("id: missing")
	}
	for _, name := range []struct{ field, value string }{{"id", k.ID}, {"principal", k.Principal}, {"tenant", k.Tenant}} {
		if err := checkName(name.value); err != nil {
			return fmt.Errorf("%s: %w", name.field, err)
		}
	}
	if err := k.checkAlgorithm(); err != nil {
		return err
	}
	if n := len(k.Secret); n < MinSecret || n > MaxSecret {
		return fmt.Errorf("secret: %d bytes, want %d to %d: make one with `openssl rand -base64 32`", n, MinSecret, MaxSecret)
	}
	for i, scope := range k.Scopes {
		if !ValidScope(scope) {
			return fmt.Errorf("scopes[%d]: a scope is of visible ASCII without spaces, quotes and backslashes", i)
		}
	}
	if !k.NotAfter.IsZero() && !k.NotAfter.After(k.NotBefore) {
		return errors.New("not_after: is not after not_before: the key would never be good")
	}
	return nil
}

func (k Key) checkAlgorithm() error {
	switch k.Algorithm {
	case HS256:
		return nil
	case HMACSHA256:
		if k.Principal == "" {
			return fmt.Errorf("principal: missing: say who signs with this %s key", HMACSHA256)
		}
		return nil
	case "":
		return fmt.Errorf("algorithm: missing: write %q or %q", HS256, HMACSHA256)
	default:
		return fmt.Errorf("algorithm: unknown: write %q for tokens or %q for signatures", HS256, HMACSHA256)
	}
}

// checkName refuses what could not travel in an HTTP field.
func checkName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("%d bytes, want at most %d", len(name), maxName)
	}
	if !Printable(name) {
		return errors.New("has a character that is not printable")
	}
	if strings.TrimSpace(name) != name {
		return errors.New("begins or ends with a space")
	}
	return nil
}

// Printable reports whether a text consists of visible characters and spaces.
// Such a text can travel in an HTTP field, and cannot break or reorder a line
// of a log. The joiners that Persian and emoji need are allowed.
func Printable(text string) bool {
	unprintable := func(r rune) bool {
		const nonJoiner, joiner = '\u200c', '\u200d'
		return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) && r != nonJoiner && r != joiner
	}
	return utf8.ValidString(text) && strings.IndexFunc(text, unprintable) < 0
}

// ValidName reports whether a name may be that of a principal or a tenant:
// printable, without space around it, and at most 256 bytes long.
func ValidName(name string) bool { return checkName(name) == nil }

// ValidScope reports whether a scope is well formed (RFC 6749, section 3.3).
func ValidScope(scope string) bool {
	if scope == "" || len(scope) > maxName {
		return false
	}
	for i := range len(scope) {
		if c := scope[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// sameSecret compares in constant time.
func sameSecret(a, b Key) bool { return subtle.ConstantTimeCompare(a.Secret, b.Secret) == 1 }
