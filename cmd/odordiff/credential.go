package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
)

// credentialLifetime is how long the development credential is good for; each
// start of `odordiff up` makes a new one.
const credentialLifetime = 30 * 24 * time.Hour

// keyringFile is where the keys are kept, below the state directory.
func keyringFile(state string) string { return filepath.Join(state, "keyring.json") }

// credentialFile is where the development credential is kept, below the state
// directory.
func credentialFile(state string) string { return filepath.Join(state, "development.jwt") }

// developmentCredential makes a keyring where there is none, and writes a token
// of the principal "dev" into its file, readable by this user alone. It permits
// all that the shipped Caddyfile knows: who develops here also operates here.
func developmentCredential(state string) (file string, err error) {
	if _, err := keyring.Ensure(keyringFile(state)); err != nil {
		return "", err
	}
	minted, err := (&tokenOptions{
		choice:  keyChoice{file: keyringFile(state)},
		subject: "dev", issuer: "odordiff", audience: []string{"odordiff"}, scopes: []string{"generate", "operator"},
		ttl: credentialLifetime,
	}).mint(time.Now())
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
