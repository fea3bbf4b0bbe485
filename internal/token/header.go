package token

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxSize is how many bytes a token may have: more than any real token has, and
// few enough to parse for an unknown sender.
const MaxSize = 8 << 10

// header is what we read of a JOSE header. The fields by which a token could
// bring its own key along (jwk, jku, x5u, x5c) are deliberately not among them.
type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Type      string         `json:"typ"`
	Critical  jsontext.Value `json:"crit"`
}

// compact is a parsed token, not verified yet.
type compact struct {
	header  header
	payload []byte
}

// parseCompact reads the compact serialisation (RFC 7515, section 7.1),
// strictly: the same bytes are written down in one way only, so that a changed
// character is always a changed token.
func parseCompact(raw string) (compact, error) {
	if len(raw) > MaxSize {
		return compact{}, fmt.Errorf("%w: more than %d bytes", ErrMalformed, MaxSize)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return compact{}, fmt.Errorf("%w: %d parts, want 3", ErrMalformed, len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		bytes, err := decode(part)
		if err != nil {
			return compact{}, fmt.Errorf("%w: part %d is not base64url", ErrMalformed, i+1)
		}
		decoded[i] = bytes
	}
	var h header
	if err := json.Unmarshal(decoded[0], &h); err != nil {
		return compact{}, fmt.Errorf("%w: its header is not a JSON object of the right types", ErrMalformed)
	}
	return compact{header: h, payload: decoded[1]}, h.check()
}

func (h header) check() error {
	if h.Critical != nil {
		return ErrCritical
	}
	// Other kinds of JWT (logout tokens, DPoP proofs, …) say so, and must not pass
	// for credentials (RFC 8725, section 3.11).
	switch kind := strings.TrimPrefix(strings.ToLower(h.Type), "application/"); kind {
	case "", "jwt", "at+jwt":
		return nil
	default:
		return fmt.Errorf("%w: its typ is neither JWT nor at+jwt", ErrMalformed)
	}
}

// decode is base64url without padding, without the line breaks that Go's
// decoder skips and without the unused bits that it would ignore.
func decode(part string) ([]byte, error) {
	if i := strings.IndexAny(part, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}
