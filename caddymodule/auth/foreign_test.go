package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"
)

func init() {
	caddy.RegisterModule(testProvider{})
	caddy.RegisterModule(testLogin{})
}

// testProvider is somebody else's provider, which believes the field
// X-Test-User.
type testProvider struct{}

func (testProvider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: providers + ".a_test", New: func() caddy.Module { return new(testProvider) }}
}

func (*testProvider) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*testProvider) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	switch user := r.Header.Get("X-Test-User"); user {
	case "":
		w.Header().Set("WWW-Authenticate", `Test realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return caddyauth.User{}, false, nil
	case "broken":
		return caddyauth.User{}, false, errors.New("its database is gone")
	case "nameless":
		return caddyauth.User{}, true, nil
	default:
		w.Header().Set("Set-Cookie", "session=1")
		return caddyauth.User{ID: user, Metadata: map[string]string{"tenant": "acme", "plan": "gold"}}, true, nil
	}
}

// testLogin sends everybody to a login page.
type testLogin struct{}

func (testLogin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: providers + ".b_test_login", New: func() caddy.Module { return new(testLogin) }}
}

func (*testLogin) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*testLogin) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	http.Redirect(w, r, "/login", http.StatusFound)
	return caddyauth.User{}, false, nil
}

func TestAnotherProviderPlugsIn(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"provider a_test\n}")
	as := func(user string) *http.Request {
		r := f.request(prompt)
		if user != "" {
			r.Header.Set("X-Test-User", user)
		}
		return r
	}
	t.Run("it accepts", func(t *testing.T) {
		r := as("bob")
		r.Header.Set("Authorization", "Basic YTpi")
		a := f.do(r)
		if a.StatusCode != http.StatusOK || a.Header.Get("Set-Cookie") != "session=1" || a.Header.Get("WWW-Authenticate") != "" {
			t.Fatalf("status %d, header %v", a.StatusCode, a.Header)
		}
		if f.last.Get("Gate-Principal") != "bob" || f.last.Get("Gate-Tenant") != "acme" || f.last.Get("Gate-Auth-Method") != "a_test" ||
			f.last.Get("Gate-Authority") != "a_test" {
			t.Errorf("upstream got %v", f.last)
		}
		if f.last.Get("Authorization") != "" {
			t.Error("the credential was sent on")
		}
	})
	t.Run("it refuses", func(t *testing.T) {
		a := f.do(as(""))
		if got := strings.Join(a.Header.Values("WWW-Authenticate"), " | "); a.StatusCode != 401 || got != `Bearer realm="gate" | Test realm="test"` {
			t.Errorf("status %d, challenges %s", a.StatusCode, got)
		}
	})
	t.Run("a bad token is not overlooked because it would accept", func(t *testing.T) {
		if a := f.do(withToken(as("bob"), mint(t, forgedKey, nil))); a.StatusCode != 401 {
			t.Errorf("status %d", a.StatusCode)
		}
	})
	for _, user := range []string{"broken", "nameless"} {
		t.Run("it fails: "+user, func(t *testing.T) {
			a := f.do(as(user))
			if a.StatusCode != 503 || a.kind() != "authentication-unavailable" || strings.Contains(a.body, "database") {
				t.Errorf("status %d: %s", a.StatusCode, a.body)
			}
		})
	}
}

func TestALoginPageIsAnAnswerUnlessAnotherAccepts(t *testing.T) {
	f := start(t, "gate_auth {\n provider b_test_login\n provider a_test\n}")
	if a := f.do(f.request(prompt)); a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/login" || f.last != nil {
		t.Errorf("status %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	r := f.request(prompt)
	r.Header.Set("X-Test-User", "bob")
	if a := f.do(r); a.StatusCode != http.StatusOK || a.Header.Get("Location") != "" {
		t.Errorf("accepted: status %d, header %v", a.StatusCode, a.Header)
	}
	f.load("gate_auth {\n optional\n provider b_test_login\n}")
	if a := f.do(f.request(prompt)); a.StatusCode != http.StatusOK {
		t.Errorf("optional: status %d", a.StatusCode)
	}
}
