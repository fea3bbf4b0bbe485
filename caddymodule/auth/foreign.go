package auth

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/keyring"
)

// maxAnswer bounds how much of a provider's answer is kept, such as the body of
// a redirect.
const maxAnswer = 64 << 10

// attempts records what the providers did that did not accept.
type attempts struct {
	fault      error
	challenges []string
	redirect   *recorder
}

// askForeign asks the other providers. Each gets a writer of its own, so that
// one that refuses cannot spoil the response of one that accepts.
func (h *Handler) askForeign(w http.ResponseWriter, r *http.Request, tried *attempts) *exchange.Principal {
	for _, foreign := range h.foreign {
		rec := &recorder{header: make(http.Header)}
		user, ok, err := foreign.provider.Authenticate(rec, r)
		var principal *exchange.Principal
		if ok && err == nil {
			principal, err = principalOf(foreign.name, user)
		}
		switch {
		case err != nil:
			count(foreign.name, "error")
			tried.fault = fmt.Errorf("provider %s: %w", foreign.name, err)
		case ok:
			foreign.accepted.Inc()
			maps.Copy(w.Header(), rec.header) // such as the cookie of a session
			return principal
		default:
			tried.add(rec)
		}
	}
	return nil
}

func (a *attempts) add(rec *recorder) {
	a.challenges = append(a.challenges, rec.header.Values("WWW-Authenticate")...)
	if a.redirect == nil && rec.status >= 300 && rec.status < 400 {
		a.redirect = rec
	}
}

// principalOf makes a principal of a user. An id that does not fit in an HTTP
// field is an error: the upstream would see another principal, or none.
func principalOf(method string, user caddyauth.User) (*exchange.Principal, error) {
	p := &exchange.Principal{
		ID: user.ID, Authority: method, Tenant: user.Metadata["tenant"], Method: method,
		Claims: make(map[string]any, len(user.Metadata)),
	}
	for name, value := range user.Metadata {
		p.Claims[name] = value
	}
	if p.ID == "" || !keyring.ValidName(p.ID) || !keyring.ValidName(p.Tenant) {
		return nil, errors.New("it accepted a user without a usable id or tenant")
	}
	return p, nil
}

// recorder keeps a provider's answer until it is known whether it is sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (rec *recorder) Header() http.Header { return rec.header }

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
}

func (rec *recorder) Write(b []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	if rec.body.Len()+len(b) > maxAnswer {
		return 0, http.ErrContentLength
	}
	return rec.body.Write(b)
}

func (rec *recorder) replay(w http.ResponseWriter) error {
	maps.Copy(w.Header(), rec.header)
	w.WriteHeader(rec.status)
	_, err := w.Write(rec.body.Bytes())
	return err
}
