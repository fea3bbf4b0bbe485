package token

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/livefile"
)

// KeySet holds the current public keys of a JWKS file (RFC 7517). Its methods
// may be called concurrently.
type KeySet struct {
	file *livefile.File[keySet]
}

// Contents is what a key set holds.
type Contents struct {
	// Keys is how many keys can be used to verify tokens; with 0, no token is
	// valid.
	Keys int
	// PassedOver are the keys that cannot be used.
	PassedOver []PassedOver
}

// PassedOver is a key of a set that cannot be used, and why.
type PassedOver struct {
	// Index is the key's place in the set, from 0.
	Index int
	// ID is its kid; may be empty.
	ID string
	// Reason says what is wrong. It quotes nothing of the key.
	Reason error
	// OtherUse says that nothing is wrong: the key is for something else.
	OtherUse bool
}

// String says it in one line, for a log.
func (p PassedOver) String() string {
	return fmt.Sprintf("keys[%d] (kid %q): %v", p.Index, p.ID, p.Reason)
}

// keySet is what a file holds.
type keySet struct {
	keys   []publicKey // each of another id and algorithm
	passed []PassedOver
}

type publicKey struct {
	index     int
	id        string
	algorithm Algorithm
	key       equaler // of the type that the algorithm takes
}

// OpenKeySet reads a JWKS file, which must be readable at first, and follows
// it: see [livefile.Options]. It calls report, which may be nil, for each
// change, with what is then in force.
//
// A key that cannot be used is passed over, as RFC 7517 demands: a key that is
// weak or malformed, is for something else, or cannot be distinguished from
// another one. A private or symmetric key makes the whole set an error, because
// such a file is public.
func OpenKeySet(path string, report func(Contents, error)) (*KeySet, error) {
	var latest keySet // parsed and reported in turn by one goroutine
	options := livefile.Options{}
	if report != nil {
		options.Report = func(err error) { report(latest.contents(), err) }
	}
	file, err := livefile.Open(path, func(content []byte, _ fs.FileMode) (keySet, error) {
		set, err := parseKeySet(content)
		if err == nil {
			latest = set
		}
		return set, err
	}, options)
	if err != nil {
		return nil, fmt.Errorf("opening JWKS: %w", err)
	}
	return &KeySet{file: file}, nil
}

// Contents returns what the set holds now.
func (s *KeySet) Contents() Contents {
	set, _ := s.file.Value()
	return set.contents()
}

func (set keySet) contents() Contents {
	return Contents{Keys: len(set.keys), PassedOver: set.passed}
}

// LastError returns why the file's current content is not in force; nil if it
// is.
func (s *KeySet) LastError() error { return s.file.LastError() }

// Modified returns when the file whose content is in force was written.
func (s *KeySet) Modified() time.Time { return s.file.Modified() }

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
	set, _ := s.file.Value()
	var found []publicKey
	for _, key := range set.keys {
		if key.algorithm == algorithm && (id == "" || key.id == id) {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return nil, false
	}
	return found[0].key, true
}

// parseKeySet reads a set as RFC 7517, section 5, has it. A set may be empty:
// then there is no key.
func parseKeySet(content []byte) (keySet, error) {
	var document struct {
		Keys []jsontext.Value `json:"keys"`
	}
	// A name that is twice in a key is that key's fault: see readKey.
	err := json.Unmarshal(content, &document, jsontext.AllowDuplicateNames(true))
	if err != nil || document.Keys == nil {
		return keySet{}, errors.New("not a JWKS: want a JSON object with an array named keys")
	}
	var set keySet
	for i, raw := range document.Keys {
		if err := checkPublic(raw); err != nil {
			return keySet{}, fmt.Errorf("keys[%d]: %w", i, err)
		}
		key, err := readKey(raw)
		key.index = i
		if err != nil {
			set.passOver(key, err)
			continue
		}
		set.keys = append(set.keys, key)
	}
	set.passOverNamesakes()
	return set, nil
}

func (set *keySet) passOver(key publicKey, reason error) {
	set.passed = append(set.passed, PassedOver{
		Index: key.index, ID: key.id, Reason: reason, OtherUse: errors.Is(reason, errOtherUse),
	})
}

// passOverNamesakes leaves out what a token could not tell apart: of different
// keys with one kid, none is sure to be meant.
func (set *keySet) passOverNamesakes() {
	all := set.keys
	set.keys = nil
	for i, key := range all {
		before := slices.IndexFunc(all[:i], key.isCopyOf)
		other := slices.IndexFunc(all, key.isNamesakeOf)
		switch {
		case before >= 0:
			set.passOver(key, fmt.Errorf("the same as keys[%d]", all[before].index))
		case other >= 0:
			set.passOver(key, fmt.Errorf("kid: keys[%d] is another key for %s of the same kid", all[other].index, key.algorithm))
		default:
			set.keys = append(set.keys, key)
		}
	}
}

func (k publicKey) isCopyOf(other publicKey) bool {
	return k.id == other.id && k.algorithm == other.algorithm && k.key.Equal(other.key)
}

func (k publicKey) isNamesakeOf(other publicKey) bool {
	return k.id == other.id && k.algorithm == other.algorithm && !k.key.Equal(other.key)
}

// privateMembers are those that the registry of JSON Web Key parameters calls
// private.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "priv"}

// checkPublic refuses a key that gives a secret away.
func checkPublic(raw jsontext.Value) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil //nolint:nilerr // no key at all: readKey says so
	}
	for _, name := range privateMembers {
		if members[name] != nil {
			return fmt.Errorf("%s: a private key: a JWKS file is public, put only public keys into it", name)
		}
	}
	if members["k"] != nil || string(members["kty"]) == `"oct"` {
		return errors.New("kty: a symmetric key: a JWKS file is public, put shared secrets into the keyring")
	}
	return nil
}

func readKey(raw jsontext.Value) (publicKey, error) {
	var members jsonWebKey
	if err := json.Unmarshal(raw, &members); err != nil {
		return publicKey{}, errors.New("not a JSON Web Key: a member is there twice or of the wrong type")
	}
	key := publicKey{id: members.ID}
	var err error
	if key.algorithm, err = members.algorithm(); err != nil {
		return key, err
	}
	key.key, err = members.public(key.algorithm)
	return key, err
}

// always is the validity of a key that has no bounds of its own.
var always = func(time.Time) bool { return true }
