// Package keyring holds the secrets that the gateway shares with its callers.
// It reads them from a file that may change at any time:
//
//	{"keys": [{
//	  "id": "partner-2026", "algorithm": "hmac-sha256", "secret": "<base64, 32 bytes or more>",
//	  "principal": "partner", "tenant": "acme", "scopes": ["generate"],
//	  "not_before": "2026-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z"
//	}]}
//
// To rotate a key, add the new one, let callers change to it, and remove the
// old one.
package keyring

import (
	"fmt"
	"time"

	"github.com/odordiff/odordiff/internal/livefile"
)

// Keyring holds the current keys of a file. Its methods may be called at once
// from many goroutines.
type Keyring struct {
	source source
	close  func() error
}

// source is where the keys come from: a file that is followed, or fixed keys.
type source interface {
	Value() (*index, uint64)
	LastError() error
	Modified() time.Time
}

// Option changes how a keyring follows its file.
type Option func(*livefile.Options)

// WithReport calls report for each change of the file: with nil if the new keys
// are in force, with an error if the old ones stay. The error never contains a
// secret.
func WithReport(report func(error)) Option {
	return func(o *livefile.Options) { o.Report = report }
}

// WithPoll sets how often the file is read even if no change is notified; the
// default is [livefile.DefaultPoll].
func WithPoll(every time.Duration) Option {
	return func(o *livefile.Options) { o.Poll = every }
}

// Open reads the file, which must be valid at first, and follows it. If the
// content becomes invalid later, the last valid keys stay in force: see
// LastError.
func Open(path string, options ...Option) (*Keyring, error) {
	var how livefile.Options
	for _, option := range options {
		option(&how)
	}
	file, err := livefile.Open(path, parseFile, how)
	if err != nil {
		return nil, fmt.Errorf("opening keyring: %w", err)
	}
	return &Keyring{source: file, close: file.Close}, nil
}

// New returns a keyring of fixed keys.
func New(keys Keys) (*Keyring, error) {
	if err := keys.check(); err != nil {
		return nil, err
	}
	return &Keyring{source: fixed{newIndex(keys)}, close: func() error { return nil }}, nil
}

// Lookup returns the key with the id, whether or not it is valid now: see
// [Key.Valid].
func (k *Keyring) Lookup(id string) (Key, bool) {
	index, _ := k.source.Value()
	key, ok := index.byID[id]
	return key, ok
}

// First returns the first key of an algorithm, in the order of the file, that
// is valid at that moment.
func (k *Keyring) First(algorithm Algorithm, at time.Time) (Key, bool) {
	index, _ := k.source.Value()
	for _, key := range index.keys {
		if key.Algorithm == algorithm && key.Valid(at) {
			return key, true
		}
	}
	return Key{}, false
}

// Len returns how many keys there are.
func (k *Keyring) Len() int {
	index, _ := k.source.Value()
	return len(index.keys)
}

// Revision changes when the keys change.
func (k *Keyring) Revision() uint64 {
	_, revision := k.source.Value()
	return revision
}

// LastError returns why the file's current content is not in force; nil if it
// is.
func (k *Keyring) LastError() error { return k.source.LastError() }

// Modified returns when the file whose content is in force was written; zero
// for fixed keys.
func (k *Keyring) Modified() time.Time { return k.source.Modified() }

// Close stops following the file. The keys stay readable.
func (k *Keyring) Close() error { return k.close() }

// index finds keys by id.
type index struct {
	keys Keys
	byID map[string]Key
}

func newIndex(keys Keys) *index {
	byID := make(map[string]Key, len(keys))
	for _, key := range keys {
		byID[key.ID] = key
	}
	return &index{keys: keys, byID: byID}
}

// fixed is a source that never changes.
type fixed struct{ index *index }

func (f fixed) Value() (*index, uint64) { return f.index, 1 }
func (fixed) LastError() error          { return nil }
func (fixed) Modified() time.Time       { return time.Time{} }
