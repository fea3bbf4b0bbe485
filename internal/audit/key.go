package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	stdhash "hash"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/atomicfile"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// Key is what a trail is signed with.
type Key struct {
	private      ed25519.PrivateKey
	principals   []byte
	endorsements []endorsement
	macs         sync.Pool // of *pseudonymiser
}

// pseudonymiser makes pseudonyms, one at a time.
type pseudonymiser struct {
	mac    stdhash.Hash
	buffer []byte
}

// endorsement is the word of a key for the one after it.
type endorsement struct {
	Key       []byte `json:"key"`
	Signature []byte `json:"signature"`
}

// keyDocument is the file of a key.
type keyDocument struct {
	// Endorsements lead from keys that were to this one.
	Endorsements []endorsement `json:"endorsements,omitempty"`
	// Principals is the key that names of principals are hashed with. It stays
	// when the signing key changes, so that names keep their hashes.
	Principals []byte `json:"principals"`
	// Seed is the private key, as in RFC 8032.
	Seed []byte `json:"seed"`
}

// maxEndorsements is how many keys may follow each other within one segment.
const maxEndorsements = 16

// EnsureKey returns the key in a file. If there is none, it makes one that only
// its owner can read.
func EnsureKey(path string) (*Key, error) {
	key, err := ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = newKey()
	err = key.write(path, atomicfile.Create)
	if errors.Is(err, fs.ErrExist) { // another process was quicker
		return ReadKey(path)
	}
	return key, err
}

// ReadKey returns the key in a file.
func ReadKey(path string) (*Key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	var doc keyDocument
	if err := strictjson.Unmarshal(content, &doc, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("reading the signing key %s: %w", path, err)
	}
	if len(doc.Seed) != ed25519.SeedSize || len(doc.Principals) != keySize {
		return nil, fmt.Errorf("reading the signing key %s: its seed and its key for principals have 32 bytes each", path)
	}
	return &Key{private: ed25519.NewKeyFromSeed(doc.Seed), principals: doc.Principals, endorsements: doc.Endorsements}, nil
}

// RotateKey replaces the key in a file by a new one, which the old one
// endorses. Trails take it into use with their next segment.
func RotateKey(path string) (*Key, error) {
	old, err := ReadKey(path)
	if err != nil {
		return nil, err
	}
	key := newKey()
	key.principals = old.principals
	signature := ed25519.Sign(old.private, endorsementText(key.Public()))
	key.endorsements = slices.Concat(old.endorsements, []endorsement{{key.Public(), signature}})
	if extra := len(key.endorsements) - maxEndorsements; extra > 0 {
		key.endorsements = key.endorsements[extra:]
	}
	return key, key.write(path, atomicfile.Replace)
}

func newKey() *Key {
	seed, principals := make([]byte, ed25519.SeedSize), make([]byte, keySize)
	_, _ = rand.Read(seed) // never fails: see its documentation
	_, _ = rand.Read(principals)
	return &Key{private: ed25519.NewKeyFromSeed(seed), principals: principals}
}

func (k *Key) write(path string, publish func(path string, content []byte, mode fs.FileMode) error) error {
	doc := keyDocument{k.endorsements, k.principals, k.private.Seed()}
	content, err := json.Marshal(doc, jsontext.WithIndent("  "))
	if err == nil {
		err = publish(path, append(content, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the signing key: %w", err)
	}
	return nil
}

// Public returns the public key.
func (k *Key) Public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

// Pseudonym returns what stands for a principal in a trail that does not name
// principals: 16 bytes of an HMAC-SHA-256 in hexadecimal digits.
func (k *Key) Pseudonym(principal string) string {
	p, kept := k.macs.Get().(*pseudonymiser)
	if !kept {
		p = &pseudonymiser{mac: hmac.New(sha256.New, k.principals)}
	}
	defer k.macs.Put(p)
	p.mac.Reset()
	p.buffer = append(p.buffer[:0], principal...)
	p.mac.Write(p.buffer)
	sum := p.mac.Sum(p.buffer[:0])
	p.buffer = hex.AppendEncode(sum, sum[:16])
	return string(p.buffer[len(sum):])
}

func endorsementText(key []byte) []byte {
	return []byte("odordiff-audit key " + base64.StdEncoding.EncodeToString(key))
}

// leads reports whether the endorsements lead from one key to another.
func leads(from, to []byte, endorsements []endorsement) bool {
	for _, next := range endorsements {
		if bytes.Equal(from, to) {
			return true
		}
		if len(from) == ed25519.PublicKeySize && ed25519.Verify(from, endorsementText(next.Key), next.Signature) {
			from = next.Key
		}
	}
	return bytes.Equal(from, to)
}
