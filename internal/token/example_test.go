package token_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

func ExampleVerifier() {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	key := keyring.Key{ID: "dev", Algorithm: keyring.HS256, Secret: bytes.Repeat([]byte("k"), keyring.MinSecret)}
	keys, err := keyring.New(keyring.Keys{key})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := token.New(token.Config{
		Algorithms: []token.Algorithm{token.HS256},
		Issuers:    []string{"issuer"},
		Audiences:  []string{"gateway"},
		Keyring:    keys,
		Now:        func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, err := token.Mint(key, token.Claims{
		Subject: "alice", Issuer: "issuer", Audience: []string{"gateway"},
		Scopes: []string{"generate"}, IssuedAt: now, Expiry: now.Add(time.Minute),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	claims, err := verifier.Verify(raw)
	fmt.Println(claims.Subject, claims.Scopes, err)

	now = now.Add(time.Minute)
	_, err = verifier.Verify(raw)
	fmt.Println(err)
	// Output:
	// alice [generate] <nil>
	// token expired
}
