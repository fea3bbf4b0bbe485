package auth

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/problem"
)

// realm is the protection space of the challenges (RFC 9110, section 11.5).
const realm = `realm="gate"`

// authenticate runs a provider of ours inside Caddy's own authentication
// handler. There it can neither name a problem nor remove fields from the
// request.
func authenticate(p provider, w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	principal, refusal := p.identify(r)
	switch {
	case refusal == nil && principal == nil:
		refusal = problem.CredentialMissing.New("")
		p.challenge(refusal)
	case refusal == nil:
		clearPlaceholders(r)
		gate.ExchangeOf(r).Principal = principal
		return caddyauth.User{ID: principal.ID, Metadata: metadata(principal)}, true, nil
	case refusal.Status >= http.StatusInternalServerError:
		return caddyauth.User{}, false, refusal
	}
	for name, values := range refusal.Fields {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	return caddyauth.User{}, false, nil
}

// reason is what a client is told about an error of an engine.
type reason struct {
	err    error
	kind   *problem.Kind
	detail string
}

// problemFor returns the problem for the first reason that an error wraps. Any
// other error means a bad credential: the request must not pass.
func problemFor(err error, reasons []reason) *problem.Problem {
	for _, r := range reasons {
		if !errors.Is(err, r.err) {
			continue
		}
		detail := r.detail
		if detail == "" {
			detail = sentence(err)
		}
		return r.kind.New(detail).Because(err)
	}
	return problem.CredentialInvalid.New("").Because(err)
}

// sentence turns an error of an engine into the detail of a problem. The
// engines' errors contain nothing secret.
func sentence(err error) string {
	text := err.Error()
	return string(text[0]-'a'+'A') + text[1:] + "."
}
