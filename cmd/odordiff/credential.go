package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

// credentialLifetime is how long the development credential is good for; each
// start of `odordiff up` makes a new one.
const credentialLifetime = 30 * 24 * time.Hour

// keyringFile is where the keys are kept, below the state folder.
func keyringFile(state string) string { return filepath.Join(state, "keyring.json") }

// credentialFile is where the development credential is kept, below the state folder.
func credentialFile(state string) string { return filepath.Join(state, "development.jwt") }

// developmentCredential makes a keyring where there is none, and writes a token
// of the principal "dev" into its file, readable by this user alone.
func developmentCredential(state string) (file string, err error) {
	if _, err := keyring.Ensure(keyringFile(state)); err != nil {
		return "", err
	}
	key, err := developmentKey(keyringFile(state))
	if err != nil {
		return "", err
	}
	now := time.Now()
	minted, err := token.Mint(key, token.Claims{
		Subject: "dev", Issuer: "odordiff", Audience: []string{"odordiff"}, Scopes: []string{"generate"},
		IssuedAt: now, Expiry: now.Add(credentialLifetime),
	})
	if err != nil {
		return "", fmt.Errorf("making the development credential: %w", err)
	}
	file = credentialFile(state)
	// A file that is there keeps its mode, whatever it is; a new one has ours.
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("replacing the development credential: %w", err)
	}
	if err := os.WriteFile(file, []byte(minted+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("writing the development credential: %w", err)
	}
	return file, nil
}

func developmentKey(file string) (keyring.Key, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("reading the keyring: %w", err)
	}
	keys, err := keyring.Parse(content)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("reading the keyring %s: %w", file, err)
	}
	ring, err := keyring.New(keys)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("reading the keyring %s: %w", file, err)
	}
	key, ok := ring.First(keyring.HS256, time.Now())
	if !ok {
		return keyring.Key{}, fmt.Errorf("the keyring %s has no HS256 key in force, which the development credential needs: add one, or move the file away", file)
	}
	return key, nil
}
