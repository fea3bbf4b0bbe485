package ladder

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
)

// Key names one request of one principal, whatever its spelling.
type Key [sha256.Size]byte

// Request holds the parts of a request that decide its answer.
type Request struct {
	// Host is the host asked for: stores may be shared between sites.
	Host string
	// Asked is what the client asked for. It decides which upstream answers.
	Asked Target
	// Passed is what the upstream is asked for, after rewriting. It may depend on
	// more than Asked, such as on a header field.
	Passed Target
	// Principal is who asks; no two who may see different answers share one. Empty for
	// requests without any credential.
	Principal string
	// Body is the body: canonical JSON where it is JSON, so that spacing and the
	// order of names do not matter, and the bytes themselves otherwise.
	Body []byte
}

// Target is what a request asks for on a host.
type Target struct {
	// Method is the HTTP method.
	Method string
	// Path is the path as it was sent, escapes and all.
	Path string
	// Query is the raw query. The order of its parameters does not matter.
	Query string
}

// Key returns the request's key. Each part is hashed with its length, so that
// no two requests share one by moving a byte from one part to the next.
func (q Request) Key() Key {
	hash := sha256.New()
	var length [8]byte
	write := func(part []byte) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		hash.Write(length[:])
		hash.Write(part)
	}
	write([]byte(q.Host))
	for _, target := range []Target{q.Asked, q.Passed} {
		write([]byte(target.Method))
		write([]byte(target.Path))
		write([]byte(canonicalQuery(target.Query)))
	}
	write([]byte(q.Principal))
	write(q.Body)
	return Key(hash.Sum(nil))
}

// canonicalQuery orders parameters by name. What does not parse stays as it is:
// dropping the malformed would make different requests the same.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return raw
	}
	return values.Encode()
}
