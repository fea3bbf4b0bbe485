// Package httpsig signs and verifies HTTP requests with a shared secret: HTTP
// Message Signatures (RFC 9421) with hmac-sha256. A signature covers the body
// through its Content-Digest (RFC 9530).
package httpsig

import (
	"fmt"
	"net/http"
	"strings"
)

// The fields that carry a signature.
const (
	fieldInput     = "Signature-Input"
	fieldSignature = "Signature"
	fieldDigest    = "Content-Digest"
)

// componentDigest is the component by which a signature covers the body.
const componentDigest = "content-digest"

// Message holds the parts of a request that can be signed.
type Message struct {
	// Method as in the request line.
	Method string
	// Scheme is "https" or "http".
	Scheme string
	// Authority is the host with its port, as in the Host field.
	Authority string
	// Target is the request target as in the request line, not decoded:
	// "/path?query", or in absolute form "https://host/path?query".
	Target string
	// Header has the fields.
	Header http.Header
}

// component returns the value of a covered component (RFC 9421, sections 2.1
// and 2.2).
func (m Message) component(name string) (string, error) {
	if !strings.HasPrefix(name, "@") {
		return m.field(name)
	}
	switch name {
	case "@method":
		return m.Method, nil
	case "@scheme":
		return strings.ToLower(m.Scheme), nil
	case "@authority":
		return m.authority(), nil
	case "@request-target":
		return m.Target, nil
	case "@target-uri":
		return strings.ToLower(m.Scheme) + "://" + m.authority() + m.origin(), nil
	case "@path":
		path, _, _ := strings.Cut(m.origin(), "?")
		return path, nil
	case "@query":
		_, query, _ := strings.Cut(m.Target, "?")
		return "?" + query, nil
	default:
		return "", fmt.Errorf("%w: component %q is not supported", ErrMalformed, name)
	}
}

// origin is the target in origin form: what comes after the authority of a
// target in absolute form (RFC 9112, section 3.2.2).
func (m Message) origin() string {
	target := m.Target
	if _, rest, absolute := strings.Cut(target, "://"); absolute && target[0] != '/' {
		target = strings.TrimLeftFunc(rest, func(r rune) bool { return r != '/' && r != '?' })
	}
	if target == "" || target[0] == '?' {
		return "/" + target
	}
	return target
}

// authority returns the normalised authority: in lower case and without the
// scheme's default port.
func (m Message) authority() string {
	authority := strings.ToLower(m.Authority)
	if strings.EqualFold(m.Scheme, "https") {
		return strings.TrimSuffix(authority, ":443")
	}
	return strings.TrimSuffix(authority, ":80")
}

// field joins the values of all lines of that name.
func (m Message) field(name string) (string, error) {
	values := m.Header.Values(name)
	if name == "host" { // net/http keeps it apart
		values = []string{m.Authority}
	}
	if len(values) == 0 {
		return "", fmt.Errorf("%w: it covers the field %q, which the request does not have", ErrMalformed, name)
	}
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.Trim(value, " \t")
	}
	joined := strings.Join(trimmed, ", ")
	if strings.ContainsAny(joined, "\r\n") {
		return "", fmt.Errorf("%w: the field %q has a line break", ErrMalformed, name)
	}
	return joined, nil
}

// hasQuery reports whether the request has a query.
func (m Message) hasQuery() bool {
	_, query, _ := strings.Cut(m.Target, "?")
	return query != ""
}
