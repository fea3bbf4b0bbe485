package token

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/odordiff/odordiff/internal/livefile"
)

// KeySet is the public keys of a JWKS file (RFC 7517), as the file is now. Its
// methods may be called at once from many goroutines.
type KeySet struct {
	file *livefile.File[publicKeys]
}

// publicKeys are the usable ones of a set.
type publicKeys []publicKey

type publicKey struct {
	id        string
	algorithm Algorithm
	key       any // of the type that the algorithm takes
}

// OpenKeySet reads a JWKS file, which must be good this first time, and follows
// it: see [livefile.Options], whose report may be nil. Keys that are not for
// verifying with one of our algorithms are passed over, as RFC 7517 asks; a
// private or a symmetric key is refused, because such a file is public.
func OpenKeySet(path string, report func(error)) (*KeySet, error) {
	file, err := livefile.Open(path, parseKeySetFile, livefile.Options{Report: report})
	if err != nil {
		return nil, fmt.Errorf("opening JWKS: %w", err)
	}
	return &KeySet{file: file}, nil
}

// LastError says why the file's present content is not in force; nil when it is.
func (s *KeySet) LastError() error { return s.file.LastError() }

// Revision changes when the keys change.
func (s *KeySet) Revision() uint64 {
	_, revision := s.file.Value()
	return revision
}

// Close stops following the file.
func (s *KeySet) Close() error { return s.file.Close() }

// lookup finds the key of that id for that algorithm. A token without a kid is
// unambiguous where there is one key for its algorithm.
func (s *KeySet) lookup(id string, algorithm Algorithm) (any, bool) {
	keys, _ := s.file.Value()
	var found []publicKey
	for _, key := range keys {
		if key.algorithm == algorithm && (id == "" || key.id == id) {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return nil, false
	}
	return found[0].key, true
}

func parseKeySetFile(content []byte, _ fs.FileMode) (publicKeys, error) {
	return parseKeySet(content)
}

func parseKeySet(content []byte) (publicKeys, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, errors.New("not a JWKS: want a JSON object with an array named keys")
	}
	var keys publicKeys
	for i, raw := range set.Keys {
		key, usable, err := parseKey(raw)
		if err != nil {
			return nil, fmt.Errorf("keys[%d]: %w", i, err)
		}
		if !usable {
			continue
		}
		if keys.has(key) {
			return nil, fmt.Errorf("keys[%d].kid: the same as another's for %s", i, key.algorithm)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("keys: none is for verifying with one of %v", asymmetric)
	}
	return keys, nil
}

func (keys publicKeys) has(key publicKey) bool {
	return slices.ContainsFunc(keys, func(k publicKey) bool {
		return k.id == key.id && k.algorithm == key.algorithm
	})
}

// parameters are the members of a JWK that decide whether it is for us.
type parameters struct {
	Type       string         `json:"kty"`
	Curve      string         `json:"crv"`
	Use        string         `json:"use"`
	Operations []string       `json:"key_ops"`
	Algorithm  Algorithm      `json:"alg"`
	ID         string         `json:"kid"`
	Private    jsontext.Value `json:"d"`
}

func parseKey(raw jsontext.Value) (key publicKey, usable bool, err error) {
	var p parameters
	if err := json.Unmarshal(raw, &p); err != nil {
		return key, false, errors.New("not a JSON Web Key")
	}
	if p.Private != nil {
		return key, false, errors.New("d: a private key: a JWKS file is public, put only public keys into it")
	}
	if p.Type == "oct" {
		return key, false, errors.New("kty: a symmetric key: a JWKS file is public, put shared secrets into the keyring")
	}
	algorithm, ok := p.algorithm()
	if !ok {
		return key, false, nil
	}
	public, err := exportKey(raw)
	if err != nil {
		return key, false, err
	}
	return publicKey{id: p.ID, algorithm: algorithm, key: public}, true, nil
}

// algorithm is the one that the key's type implies, so that a key is never
// used with another. A key that says it is for something else is not for us.
func (p parameters) algorithm() (Algorithm, bool) {
	implied := map[[2]string]Algorithm{
		{"EC", "P-256"}: ES256, {"OKP", "Ed25519"}: EdDSA, {"RSA", ""}: RS256,
	}[[2]string{p.Type, p.Curve}]
	switch {
	case implied == "",
		p.Algorithm != "" && p.Algorithm != implied,
		p.Use != "" && p.Use != "sig",
		p.Operations != nil && !slices.Contains(p.Operations, "verify"):
		return "", false
	}
	return implied, true
}

// exportKey leaves it to the library to refuse weak and malformed keys: RSA
// below 2048 bits, points off the curve.
func exportKey(raw jsontext.Value) (public any, err error) {
	parsed, err := jwk.ParseKey(raw)
	if err != nil {
		return nil, err
	}
	err = jwk.Export(parsed, &public)
	return public, err
}

// always is the validity of a key that has no bounds of its own.
var always = func(time.Time) bool { return true }
