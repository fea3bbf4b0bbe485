package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/odordiff/odordiff/internal/keyring"
)

// payload is the claims as a token has them.
type payload struct {
	Issuer    string   `json:"iss,omitzero"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud,omitempty"`
	Expiry    int64    `json:"exp"`
	NotBefore int64    `json:"nbf,omitzero"`
	IssuedAt  int64    `json:"iat,omitzero"`
	ID        string   `json:"jti"`
	Scope     string   `json:"scope,omitzero"`
	Tenant    string   `json:"tenant,omitzero"`
}

// Mint signs a token with an HS256 key of the keyring, for development and for
// small services that are their own issuer. An empty subject becomes the key's
// principal, empty scopes become the key's, and an empty id becomes a random
// one. [Claims.All] is ignored. Mint refuses a token that the key may not vouch
// for.
func Mint(key keyring.Key, c Claims) (string, error) {
	if key.Algorithm != keyring.HS256 {
		return "", fmt.Errorf("key %q is for %s, not for tokens: use one of %s", key.ID, key.Algorithm, keyring.HS256)
	}
	if c.Subject == "" {
		c.Subject = key.Principal
	}
	if len(c.Scopes) == 0 {
		c.Scopes = key.Scopes
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	if err := mintable(key, c); err != nil {
		return "", fmt.Errorf("minting with key %q: %w", key.ID, err)
	}
	body, err := json.Marshal(payload{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience,
		Expiry: seconds(c.Expiry), NotBefore: seconds(c.NotBefore), IssuedAt: seconds(c.IssuedAt),
		ID: c.ID, Scope: strings.Join(c.Scopes, " "), Tenant: c.Tenant,
	})
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	return sign(key, body)
}

func mintable(key keyring.Key, c Claims) error {
	switch {
	case c.Subject == "":
		return errors.New("subject: missing, and the key has no principal")
	case !keyring.ValidName(c.Subject):
		return errors.New("subject: longer than 256 bytes, or with characters that are not printable, or space around it")
	case !keyring.ValidName(c.Tenant):
		return errors.New("tenant: longer than 256 bytes, or with characters that are not printable, or space around it")
	case c.Expiry.IsZero():
		return errors.New("expiry: missing")
	}
	for _, scope := range c.Scopes {
		if !keyring.ValidScope(scope) {
			return fmt.Errorf("scope %q: has a character that scopes may not have", scope)
		}
	}
	bound := c
	if err := bind(&bound, key); err != nil {
		return err
	}
	if len(bound.Scopes) < len(c.Scopes) {
		return fmt.Errorf("scopes: the key may vouch for %v only", key.Scopes)
	}
	return nil
}

func sign(key keyring.Key, body []byte) (string, error) {
	headers := jws.NewHeaders()
	for name, value := range map[string]string{jws.KeyIDKey: key.ID, jws.TypeKey: "JWT"} {
		if err := headers.Set(name, value); err != nil {
			return "", fmt.Errorf("setting header %s: %w", name, err)
		}
	}
	signed, err := jws.Sign(body, jws.WithKey(jose[HS256], []byte(key.Secret), jws.WithProtectedHeaders(headers)))
	if err != nil {
		// the library's words may quote the key
		return "", errors.New("signing failed")
	}
	return string(signed), nil
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
