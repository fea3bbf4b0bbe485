package ladder

import (
	"crypto/sha256"
	"net/url"
)

// Key identifies one request of one principal. Requests that differ in spelling
// only have the same key.
type Key [sha256.Size]byte

// Request holds the parts of a request that decide its answer.
type Request struct {
	// Host is the requested host: sites may share a store.
	Host string
	// Asked is what the client requested. It decides which upstream answers.
	Asked Target
	// Passed is what is requested from the upstream, after rewriting. It may
	// depend on more than Asked, such as a header field.
	Passed Target
	// Principal is who asks. Callers who may see different answers have
	// different principals. It is empty for requests without a credential.
	Principal string
	// Type is the media type of a body that is not JSON, with its parameters: the
	// boundary of a form decides what its bytes mean.
	Type string
	// Body is the canonical form of a JSON body, in which spacing and the order
	// of names do not matter, and the bytes of any other body.
	Body []byte
}

// Target is what a request asks for on a host.
type Target struct {
	// Method is the HTTP method.
	Method string
	// Path is the path as it was sent, not unescaped.
	Path string
	// Query is the raw query. The order of its parameters does not matter.
	Query string
}

// Key returns the request's key. Each part is hashed with its length, so that
// no two requests share one by moving a byte from one part to the next. The
// body is hashed by itself: it may be long, and is not copied.
func (q Request) Key() Key {
	var room [1 << 10]byte // for the parts of most requests
	text := appendText(room[:0], q.Host)
	for _, target := range [...]Target{q.Asked, q.Passed} {
		text = appendText(text, target.Method)
		text = appendText(text, target.Path)
		text = appendText(text, canonicalQuery(target.Query))
	}
	text = appendText(text, q.Principal)
	text = appendText(text, q.Type)
	body := sha256.Sum256(q.Body)
	return sha256.Sum256(append(text, body[:]...))
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
