package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

// Generate returns new keys for development: "dev" for tokens of any subject,
// and "dev-signature" for requests signed by the principal "dev".
func Generate() Keys {
	return Keys{
		{ID: "dev", Algorithm: HS256, Secret: newSecret()},
		{ID: "dev-signature", Algorithm: HMACSHA256, Secret: newSecret(), Principal: "dev", Scopes: []string{"generate"}},
	}
}

func newSecret() Secret {
	secret := make([]byte, MinSecret)
	_, _ = rand.Read(secret) // never fails: see its documentation
	return secret
}

// Write makes the file with mode 0600 and, if it is missing, its directory with
// mode 0700. The file appears whole or not at all. An existing file is never
// replaced: the error then wraps [fs.ErrExist].
func (keys Keys) Write(path string) error {
	if err := keys.check(); err != nil {
		return err
	}
	content, err := keys.encode()
	if err != nil {
		return fmt.Errorf("encoding keyring: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the keyring's directory: %w", err)
	}
	if err := atomicfile.Create(path, content, 0o600); err != nil {
		return fmt.Errorf("writing keyring: %w", err)
	}
	return nil
}

// Ensure writes newly generated keys if there is no file, and reports whether
// it did.
func Ensure(path string) (created bool, err error) {
	if _, err := os.Stat(path); err == nil {
		return false, nil
	}
	err = Generate().Write(path)
	if errors.Is(err, fs.ErrExist) { // another process was quicker
		return false, nil
	}
	return err == nil, err
}

func (keys Keys) encode() ([]byte, error) {
	doc := document{Keys: make([]record, 0, len(keys))}
	for _, key := range keys {
		doc.Keys = append(doc.Keys, key.record())
	}
	content, err := json.Marshal(doc, jsontext.WithIndent("  "))
	return append(content, '\n'), err
}
