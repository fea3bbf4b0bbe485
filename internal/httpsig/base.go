package httpsig

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/dunglas/httpsfv"
)

// base is the text that is signed (RFC 9421, section 2.5): a line for each
// covered component, and a last one for the parameters themselves.
func base(m Message, components []string, list httpsfv.InnerList) (string, error) {
	var b strings.Builder
	for _, name := range components {
		value, err := m.component(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%q: %s\n", name, value)
	}
	parameters, err := httpsfv.Marshal(httpsfv.List{list})
	if err != nil {
		return "", fmt.Errorf("%w: its parameters cannot be written down", ErrMalformed)
	}
	b.WriteString(`"@signature-params": `)
	b.WriteString(parameters)
	return b.String(), nil
}

// sum is hmac-sha256 (RFC 9421, section 3.3.3).
func sum(secret []byte, base string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(base))
	return mac.Sum(nil)
}
