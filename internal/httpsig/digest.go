package httpsig

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"fmt"
	"net/http"

	"github.com/dunglas/httpsfv"
)

// digests are the active algorithms of RFC 9530, section 5.
var digests = map[string]func([]byte) []byte{
	"sha-256": func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] },
	"sha-512": func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] },
}

// checkDigest compares the body with each digest in the Content-Digest field
// whose algorithm is known. There must be at least one.
func checkDigest(header http.Header, body []byte) error {
	given, err := dictionary(header, fieldDigest)
	if err != nil {
		return err
	}
	known := false
	for _, name := range given.Names() {
		digest, ok := digests[name]
		if !ok {
			continue
		}
		member, _ := given.Get(name)
		item, _ := member.(httpsfv.Item)
		want, ok := item.Value.([]byte)
		if !ok {
			return fmt.Errorf("%w: %s of %s is not a byte sequence", ErrMalformed, fieldDigest, name)
		}
		if subtle.ConstantTimeCompare(digest(body), want) != 1 {
			return fmt.Errorf("%w: by %s", ErrDigest, name)
		}
		known = true
	}
	if !known {
		return fmt.Errorf("%w: %s has neither sha-256 nor sha-512", ErrMalformed, fieldDigest)
	}
	return nil
}

// digestField is the value of Content-Digest for a body.
func digestField(body []byte) (string, error) {
	dictionary := httpsfv.NewDictionary()
	dictionary.Add("sha-256", httpsfv.NewItem(digests["sha-256"](body)))
	return httpsfv.Marshal(dictionary)
}
