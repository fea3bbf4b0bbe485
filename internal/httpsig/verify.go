package httpsig

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/nonce"
)

// Verifier verifies signatures. Its methods may be called at once from many
// goroutines.
type Verifier struct {
	rules   Rules
	keyring *keyring.Keyring
	nonces  nonce.Store
	now     func() time.Time
}

// New returns a verifier, or an error that names the bad field of the rules.
// The clock may be nil for [time.Now].
func New(rules Rules, keys *keyring.Keyring, nonces nonce.Store, now func() time.Time) (*Verifier, error) {
	rules = rules.withDefaults()
	if err := rules.check(); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, errors.New("keyring: missing")
	}
	if now == nil {
		now = time.Now
	}
	return &Verifier{rules: rules, keyring: keys, nonces: nonces, now: now}, nil
}

// Verify returns the key that a request was signed with. It reads the body only
// after the signature of the head was verified, so that strangers cannot make
// the gateway read one. It uses up the nonce last, so that somebody who
// overheard a signature cannot use up its nonce by sending it with another
// body.
func (v *Verifier) Verify(ctx context.Context, m Message, body func() ([]byte, error)) (keyring.Key, error) {
	r, err := parse(m.Header, v.rules.Label)
	if err != nil {
		return keyring.Key{}, err
	}
	if _, err := v.verifyHead(m, r, v.now()); err != nil {
		return keyring.Key{}, err
	}
	content, err := body()
	if err != nil {
		return keyring.Key{}, fmt.Errorf("%w: %w", ErrBody, err)
	}
	// A sender may hold the body back until the nonce is forgotten or the key
	// has expired, so the time is taken again.
	now := v.now()
	key, err := v.verifyHead(m, r, now)
	if err != nil {
		return keyring.Key{}, err
	}
	if err := checkBody(m, r.input, content); err != nil {
		return keyring.Key{}, err
	}
	if err := v.rules.checkScopes(key); err != nil {
		return keyring.Key{}, err
	}
	return key, v.useNonce(ctx, r.input, now)
}

func (v *Verifier) verifyHead(m Message, r received, now time.Time) (keyring.Key, error) {
	if err := checkParameters(r.input); err != nil {
		return keyring.Key{}, err
	}
	if err := v.rules.checkCovered(m, r.input); err != nil {
		return keyring.Key{}, err
	}
	key, err := v.findKey(r.input.keyID, now)
	if err != nil {
		return keyring.Key{}, err
	}
	text, err := base(m, r.input.components, r.input.list)
	if err != nil {
		return keyring.Key{}, err
	}
	if !hmac.Equal(r.signature, sum(key.Secret, text)) {
		return keyring.Key{}, ErrSignature
	}
	return key, v.rules.checkTime(r.input, now)
}

func (v *Verifier) findKey(id string, now time.Time) (keyring.Key, error) {
	key, ok := v.keyring.Lookup(id)
	if !ok || key.Algorithm != keyring.HMACSHA256 {
		return keyring.Key{}, ErrUnknownKey
	}
	if !key.Valid(now) {
		return keyring.Key{}, fmt.Errorf("%w: it is not good at this time", ErrUnknownKey)
	}
	return key, nil
}

// useNonce stores the nonce for as long as any gateway could accept the
// signature: the leeway covers gateways whose clocks are behind ours.
func (v *Verifier) useNonce(ctx context.Context, in input, now time.Time) error {
	ttl := in.created.Add(v.rules.Window + v.rules.Leeway).Sub(now)
	fresh, err := v.nonces.Use(ctx, in.keyID, in.nonce, ttl)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !fresh {
		return ErrReplayed
	}
	return nil
}
