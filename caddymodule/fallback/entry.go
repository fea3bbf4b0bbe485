package fallback

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/ladder"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// entry is where the store keeps the answer to one request.
type entry struct {
	store     *ladder.Store // nil keeps nothing
	key       ladder.Key
	request   http.Header // as the client sent it
	principal string
}

// entryOf returns the entry of the request. It keeps nothing if the request's
// answer is not to be kept.
func (h *Handler) entryOf(w http.ResponseWriter, r *http.Request) (entry, error) {
	if h.store == nil || !cacheable(r) {
		return entry{}, nil
	}
	body, err := keyBody(w, r)
	if err != nil {
		return entry{}, err
	}
	principal := principalOf(r)
	return entry{
		store: h.store, request: r.Header, principal: principal,
		key: ladder.Request{
			Host: r.Host, Asked: asked(r), Passed: targetOf(r),
			Principal: principal, Type: typeOf(r), Body: body,
		}.Key(),
	}, nil
}

// asked returns what the client asked for, before any rewriting. Routes to
// different upstreams may rewrite different paths to the same one, as
// handle_path does.
func asked(r *http.Request) ladder.Target {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		return targetOf(&original)
	}
	return targetOf(r)
}

func targetOf(r *http.Request) ladder.Target {
	return ladder.Target{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
}

// cacheable reports whether the answer to the request could be kept at all. A
// GET with a body is not: the body should mean nothing (RFC 9110, section
// 9.3.1), but to the upstream it may. Nor is a POST whose body has an unknown
// length and was not read by a module: it may be a stream.
func cacheable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet:
		return r.Header.Get("Upgrade") == "" && bodiless(r)
	case http.MethodPost:
		return gate.ExchangeOf(r).Read() || r.ContentLength >= 0 && r.ContentLength <= exchange.DefaultMaxBody
	}
	return false
}

// bodiless reports whether the request has no body. HTTP/3 does not announce
// that, so if the length is unknown, the first byte decides.
func bodiless(r *http.Request) bool {
	if r.ContentLength >= 0 || r.Body == nil || r.Body == http.NoBody {
		return r.ContentLength <= 0
	}
	var first [1]byte
	n, err := io.ReadFull(r.Body, first[:])
	if err == io.EOF {
		r.Body, r.ContentLength = http.NoBody, 0
		return true
	}
	r.Body = &unread{Reader: io.MultiReader(bytes.NewReader(first[:n]), r.Body), Closer: r.Body}
	return false
}

// unread is a body with its first byte put back.
type unread struct {
	io.Reader
	io.Closer
}

// keyBody returns the body in the form that the key has.
func keyBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Method == http.MethodGet {
		return nil, nil
	}
	x := gate.ExchangeOf(r)
	body, err := readBody(w, r, x)
	if err != nil || !isJSON(r) {
		return body, err
	}
	value, err := x.JSON()
	if err != nil {
		return body, nil // It is not JSON after all: its bytes identify it.
	}
	return strictjson.AppendCanonical(make([]byte, 0, len(body)), value), nil
}

// readBody returns the exchange's body. A module before us may have read more
// than the default.
func readBody(w http.ResponseWriter, r *http.Request, x *exchange.Exchange) ([]byte, error) {
	body, err := x.Body(r, max(exchange.DefaultMaxBody, r.ContentLength))
	if errors.Is(err, exchange.ErrTooLarge) {
		return nil, gate.Refuse(w, r, problem.TooLarge.New("The request body is over the limit.").Because(err))
	}
	if err != nil {
		return nil, caddyhttp.Error(http.StatusBadRequest, err)
	}
	return body, nil
}

func isJSON(r *http.Request) bool {
	const usual = "application/json"
	contentType := r.Header.Get("Content-Type")
	if contentType == usual {
		return true // without the cost of parsing it
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == usual || strings.HasSuffix(mediaType, "+json")
}

// typeOf returns the media type by which a body that is not JSON is read.
func typeOf(r *http.Request) string {
	if r.Method == http.MethodGet || isJSON(r) {
		return ""
	}
	return r.Header.Get("Content-Type")
}

// principalOf returns what identifies the sender among all who might get other
// answers: its principal, or else the credential that it sent for the upstream.
func principalOf(r *http.Request) string {
	if p := gate.ExchangeOf(r).Principal; p != nil {
		return "principal " + p.Key()
	}
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		if user, ok := repl.GetString("http.auth.user.id"); ok && user != "" {
			return "user " + user
		}
	}
	return credentialOf(r)
}

func credentialOf(r *http.Request) string {
	var room [512]byte // for what most clients send
	text := room[:0]
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		text = append(text, "certificate "...)
		text = append(text, r.TLS.PeerCertificates[0].Raw...)
		text = append(text, '\n')
	}
	for _, field := range [...]string{"Authorization", "Cookie", "X-Api-Key", "Signature-Input"} {
		for _, value := range r.Header[field] {
			text = append(text, field...)
			text = strconv.AppendQuote(append(text, ' '), value)
			text = append(text, '\n')
		}
	}
	return string(text)
}

// storable reports whether an answer with this status and header may be kept.
func (e *entry) storable(status int, header http.Header) bool {
	return ladder.Storable(e.request, e.principal, status, header)
}

// keep stores a complete answer.
func (e *entry) keep(a ladder.Answer) { e.store.Put(e.key, e.request, a) }

// recall returns the answer that is kept for the request, and its age.
func (e *entry) recall() (ladder.Answer, time.Duration, bool) {
	if e.store == nil || !ladder.AcceptsStale(e.request) {
		return ladder.Answer{}, 0, false
	}
	return e.store.Get(e.key, e.request)
}
