package auth

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/redistest"
)

func TestSignatures(t *testing.T) {
	f := start(t, "gate_auth {\n"+signatureBlock+"}")
	for name, test := range map[string]struct {
		request func() *http.Request
		status  int
		kind    string
	}{
		"good": {func() *http.Request { return sign(t, f.request(prompt), adaKey, time.Now()) }, 200, ""},
		"good without a body": {func() *http.Request {
			r := f.request("")
			r.Method = http.MethodGet
			return sign(t, r, adaKey, time.Now())
		}, 200, ""},
		"good with a query": {func() *http.Request {
			r := f.request(prompt)
			r.URL.RawQuery = "a=%20b"
			return sign(t, r, adaKey, time.Now())
		}, 200, ""},
		"none":         {func() *http.Request { return f.request(prompt) }, 401, "credential-missing"},
		"expired":      {func() *http.Request { return sign(t, f.request(prompt), adaKey, time.Now().Add(-6*time.Minute)) }, 401, "credential-expired"},
		"too early":    {func() *http.Request { return sign(t, f.request(prompt), adaKey, time.Now().Add(time.Hour)) }, 401, "credential-invalid"},
		"no scope":     {func() *http.Request { return sign(t, f.request(prompt), eveKey, time.Now()) }, 403, "scope-insufficient"},
		"large":        {func() *http.Request { return sign(t, f.request(strings.Repeat("x", 1025)), adaKey, time.Now()) }, 413, "body-too-large"},
		"another path": {func() *http.Request { r := sign(t, f.request(prompt), adaKey, time.Now()); r.URL.Path += "x"; return r }, 401, "credential-invalid"},
		"another body": {func() *http.Request {
			r := sign(t, f.request(prompt), adaKey, time.Now())
			r.Body = io.NopCloser(strings.NewReader(strings.ToUpper(prompt)))
			return r
		}, 401, "credential-invalid"},
		"a wrong secret": {func() *http.Request {
			key := adaKey
			key.Secret = secretOf("x")
			return sign(t, f.request(prompt), key, time.Now())
		}, 401, "credential-invalid"},
		"half of it": {func() *http.Request {
			r := sign(t, f.request(prompt), adaKey, time.Now())
			r.Header.Del("Signature")
			return r
		}, 401, "credential-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.do(test.request())
			if a.StatusCode != test.status || a.kind() != test.kind {
				t.Fatalf("status %d %q: %s, want %d %q", a.StatusCode, a.kind(), a.body, test.status, test.kind)
			}
			const accept = `sig1=("@method" "@authority" "@path" "content-digest");created;alg="hmac-sha256"`
			if test.status == 401 && (a.Header.Get("Accept-Signature") != accept || a.Header.Get("WWW-Authenticate") == "") {
				t.Errorf("header is %v", a.Header)
			}
		})
	}
}

func TestARewrittenRequestIsVerifiedAsItWasSent(t *testing.T) {
	f := start(t, "uri strip_prefix /api\nmethod PUT\ngate_auth {\n"+signatureBlock+"}")
	if a := f.do(sign(t, f.request(prompt), adaKey, time.Now())); a.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}

func TestAReplayIsRefusedAlsoAfterAReload(t *testing.T) {
	f := start(t, "gate_auth {\n"+signatureBlock+"}")
	first := sign(t, f.request(prompt), adaKey, time.Now())
	again := func() *http.Request {
		r := f.request(prompt)
		r.Header = first.Header.Clone()
		return r
	}
	if a := f.do(again()); a.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	for _, when := range []string{"at once", "after a reload"} {
		if a := f.do(again()); a.StatusCode != 401 || a.kind() != "credential-replayed" {
			t.Errorf("%s: status %d: %s", when, a.StatusCode, a.body)
		}
		f.load("# reloaded\ngate_auth {\n" + signatureBlock + "}")
	}
}

func TestNoncesOutOfReachFailClosed(t *testing.T) {
	for name, fail := range map[string]func(*redistest.Server){"killed": (*redistest.Server).Kill, "paused": (*redistest.Server).Pause} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			f := start(t, "gate_auth {\n"+signatureBlock+jwtBlock+"}")
			f.redis = server.URL()
			f.load("# with redis\ngate_auth {\n" + signatureBlock + jwtBlock + "}")
			if a := f.do(sign(t, f.request(prompt), adaKey, time.Now())); a.StatusCode != http.StatusOK {
				t.Fatalf("before: status %d: %s", a.StatusCode, a.body)
			}
			fail(server)
			began := time.Now()
			a := f.do(sign(t, f.request(prompt), adaKey, time.Now()))
			if a.StatusCode != 503 || a.kind() != "authentication-unavailable" || a.Header.Get("Retry-After") == "" {
				t.Errorf("status %d: %s", a.StatusCode, a.body)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("the refusal took %v", took)
			}
			if a := f.do(withToken(f.request(prompt), mint(t, tokenKey, nil))); a.StatusCode != http.StatusOK {
				t.Errorf("a token, which needs no nonce: status %d: %s", a.StatusCode, a.body)
			}
		})
	}
}

func TestASignatureForSomebodyElseIsNotOurs(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"signature {\n label partner\n}\n}")
	r := sign(t, f.request(prompt), adaKey, time.Now())
	if a := f.do(r); a.StatusCode != 401 || !strings.HasPrefix(a.Header.Get("Accept-Signature"), "partner=(") {
		t.Errorf("alone: status %d, header %v", a.StatusCode, a.Header)
	}
	if a := f.do(withToken(sign(t, f.request(prompt), adaKey, time.Now()), mint(t, tokenKey, nil))); a.StatusCode != 200 {
		t.Errorf("beside a token: status %d: %s", a.StatusCode, a.body)
	}
	if f.last.Get("Signature") == "" || f.last.Get("Authorization") != "" {
		t.Errorf("upstream got %v, want the signature that we did not judge, and not the token that we did", f.last)
	}
}

// A client that believes it talks to a proxy writes the whole URI into the
// request line (RFC 9112, section 3.2.2), and every server must take it.
func TestASignedRequestWithATargetInAbsoluteFormVerifies(t *testing.T) {
	f := start(t, "gate_auth {\n signature\n}")
	f.Client.Transport = &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) { return url.Parse(f.URL) }, DisableKeepAlives: true}
	r := f.request(prompt)
	r.URL.RawQuery = "seed=1"
	if a := f.do(sign(t, r, adaKey, time.Now())); a.StatusCode != 200 {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}
