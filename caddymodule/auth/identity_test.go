package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/exchange"
)

func TestClaimsBecomePlaceholdersButNeverOurs(t *testing.T) {
	who := &exchange.Principal{
		ID: "ada", Tenant: "acme", Method: "jwt", Scopes: []string{"a", "b"},
		Claims: map[string]any{
			"plan": "gold", "rate": json.Number("60"), "account": json.Number("12345678901234567891"), "beta": true, "roles": []any{"x"}, "none": nil,
			"name": "Ada\r\nGate-Principal: root", "nick": "a\u202eb",
			"id": "root", "tenant": "other", "scopes": "admin", "method": "none",
		},
	}
	want := map[string]string{
		"tenant": "acme", "method": "jwt", "scopes": "a b",
		"plan": "gold", "rate": "60", "account": "12345678901234567891", "beta": "true",
	}
	if diff := cmp.Diff(want, metadata(who)); diff != "" {
		t.Error(diff)
	}

	want["id"] = "ada"
	repl := caddy.NewEmptyReplacer()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	setPlaceholders(r.WithContext(context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl)), &exchange.Exchange{Principal: who})
	for name := range who.Claims {
		if got, known := repl.Get("http.auth.user." + name); known != (want[name] != "") || known && got != want[name] {
			t.Errorf("%s is %v (known: %t), want %q", name, got, known, want[name])
		}
	}
}

func TestThePlaceholdersOfCaddysOwnAuthenticationAreGone(t *testing.T) {
	repl := caddy.NewEmptyReplacer()
	repl.Set("http.auth.user.id", "eve")
	repl.Set("http.auth.user.plan", "gold")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	setPlaceholders(r.WithContext(context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl)),
		&exchange.Exchange{Principal: &exchange.Principal{ID: "ada"}})
	if id, _ := repl.GetString("http.auth.user.id"); id != "ada" {
		t.Errorf("the id is %q, want ada", id)
	}
	if plan, known := repl.GetString("http.auth.user.plan"); known {
		t.Errorf("the plan is %q, want none", plan)
	}
}
