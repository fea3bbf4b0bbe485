package fallback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
)

// inCaddy returns a request with what Caddy's server puts into its context.
func inCaddy(change func(*http.Request, *caddy.Replacer)) *http.Request {
	repl := caddy.NewReplacer()
	ctx := context.WithValue(context.Background(), caddy.ReplacerCtxKey, repl)
	ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	change(r, repl)
	return r
}

func TestWhoMaySeeOtherAnswersIsAnotherPrincipal(t *testing.T) {
	identify := func(p exchange.Principal) func(*http.Request, *caddy.Replacer) {
		return func(r *http.Request, _ *caddy.Replacer) { gate.ExchangeOf(r).Principal = &p }
	}
	send := func(field string, values ...string) func(*http.Request, *caddy.Replacer) {
		return func(r *http.Request, _ *caddy.Replacer) { r.Header[field] = values }
	}
	certificate := func(raw string) func(*http.Request, *caddy.Replacer) {
		return func(r *http.Request, _ *caddy.Replacer) {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte(raw)}}}
		}
	}
	senders := map[string]func(*http.Request, *caddy.Replacer){
		"nobody":              func(*http.Request, *caddy.Replacer) {},
		"ann":                 identify(exchange.Principal{ID: "ann"}),
		"bob":                 identify(exchange.Principal{ID: "bob"}),
		"ann of a tenant":     identify(exchange.Principal{ID: "ann", Tenant: "t"}),
		"a tenant called ann": identify(exchange.Principal{ID: "", Tenant: "ann"}),
		"a quoting name":      identify(exchange.Principal{ID: `" "ann`}),
		"Caddy's user":        func(_ *http.Request, repl *caddy.Replacer) { repl.Set("http.auth.user.id", "ann") },
		"a token":             send("Authorization", "Bearer x"),
		"another token":       send("Authorization", "Bearer y"),
		"two tokens":          send("Authorization", "Bearer x", "Bearer y"),
		"a cookie":            send("Cookie", "Bearer x"),
		"a key":               send("X-Api-Key", "Bearer x"),
		"a signature":         send("Signature-Input", "Bearer x"),
		"a certificate":       certificate("x"),
		"another certificate": certificate("y"),
	}
	seen := map[string]string{}
	for name, change := range senders {
		principal := principalOf(inCaddy(change))
		if other, ok := seen[principal]; ok {
			t.Errorf("%s is taken for %s", name, other)
		}
		seen[principal] = name
		if (principal == "") != (name == "nobody") {
			t.Errorf("%s: principal %q", name, principal)
		}
	}
}

func TestAPrincipalKeepsItsAnswersWhenItsTokenIsRenewed(t *testing.T) {
	as := func(token string) string {
		return principalOf(inCaddy(func(r *http.Request, _ *caddy.Replacer) {
			r.Header.Set("Authorization", token)
			gate.ExchangeOf(r).Principal = &exchange.Principal{ID: "ann"}
		}))
	}
	if as("Bearer old") != as("Bearer new") {
		t.Error("a new token makes a new principal")
	}
}

func TestRoutesThatRewriteToOnePathDoNotShareAnswers(t *testing.T) {
	small := newBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "small") })
	large := newBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "large") })
	route := func(name, upstream string) string {
		return "handle_path /" + name + "/* {\ngate_fallback {\n" + standard + "\n}\nreverse_proxy " + upstream + "\n}\n"
	}
	e := edgetest.Start(t, route("small", small.address)+route("large", large.address)+"handle_errors {\ngate_problem\n}")

	wantServed(t, do(t, e, http.MethodGet, "/small/generate", ""), "live", "small")
	large.fail(503)
	wantUnavailable(t, do(t, e, http.MethodGet, "/large/generate", ""))
	small.fail(503)
	wantServed(t, do(t, e, http.MethodGet, "/small/generate", ""), "stale", "small")
}

func TestTheOrderOfParametersDoesNotMatterBeforeRewritingEither(t *testing.T) {
	b := newBackend(t, jsonAnswer)
	e := edgetest.Start(t, "uri strip_prefix /v1\n"+site(standard, b.address))
	answer := `{"for":"","asked":""}`
	wantServed(t, do(t, e, http.MethodGet, "/v1/x?a=1&b=2", ""), "live", answer)
	b.fail(503)
	wantServed(t, do(t, e, http.MethodGet, "/v1/x?b=2&a=1", ""), "stale", answer)
}

func TestAGetWithABodyIsNeitherKeptNorCovered(t *testing.T) {
	for name, body := range map[string]func(string) io.Reader{
		"of known length":   func(s string) io.Reader { return strings.NewReader(s) },
		"of unknown length": func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, jsonAnswer)
			e := start(t, standard, b.address)
			get := func(query string) response {
				return send(t, e, http.MethodGet, "/search", body(query))
			}
			wantServed(t, send(t, e, http.MethodGet, "/search", nil), "live", `{"for":"","asked":""}`)
			// whole, though it was looked at
			wantServed(t, get("cedar"), "live", `{"for":"","asked":"cedar"}`)
			b.fail(503)
			wantUnavailable(t, get("musk"))
			wantUnavailable(t, get("cedar"))
		})
	}
}

// unannounced stands for a body in the way HTTP/3 has one: there, but of no
// announced length.
type unannounced struct {
	io.Reader
	closed bool
}

func (e *unannounced) Close() error {
	e.closed = true
	return nil
}

func TestWhetherThereIsABodyIsLookedUpWhereNothingAnnouncesIt(t *testing.T) {
	for content, want := range map[string]bool{"": true, "x": false, "xyz": false} {
		body := &unannounced{Reader: strings.NewReader(content)}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Body, r.ContentLength = body, -1
		if got := bodiless(r); got != want {
			t.Errorf("%q: bodiless = %v", content, got)
		}
		rest, err := io.ReadAll(r.Body)
		if err != nil || string(rest) != content {
			t.Errorf("%q: left %q, %v", content, rest, err)
		}
		if r.Body.Close() != nil || body.closed == want {
			t.Errorf("%q: closed = %v", content, body.closed)
		}
	}
}

func TestABodyThatBreaksOffAtOnceStaysBroken(t *testing.T) {
	broken := errors.New("the client is gone")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Body, r.ContentLength = io.NopCloser(iotest.ErrReader(broken)), -1
	if bodiless(r) {
		t.Error("taken for a request without a body")
	}
	if _, err := io.ReadAll(r.Body); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
