package auth

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/exchange"
)

func TestClaimsBecomePlaceholdersButNeverOurs(t *testing.T) {
	got := metadata(&exchange.Principal{
		ID: "ada", Tenant: "acme", Method: "jwt", Scopes: []string{"a", "b"},
		Claims: map[string]any{
			"plan": "gold", "rate": json.Number("60"), "account": json.Number("12345678901234567891"), "beta": true, "roles": []any{"x"}, "none": nil,
			"name": "Ada\r\nGate-Principal: root", "nick": "a\u202eb",
			"id": "root", "tenant": "other", "scopes": "admin", "method": "none",
		},
	})
	want := map[string]string{
		"tenant": "acme", "method": "jwt", "scopes": "a b",
		"plan": "gold", "rate": "60", "account": "12345678901234567891", "beta": "true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
