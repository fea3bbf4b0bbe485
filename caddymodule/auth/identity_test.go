package auth

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/exchange"
)

func TestClaimsBecomePlaceholdersButNeverOurs(t *testing.T) {
	got := metadata(&exchange.Principal{
		ID: "ada", Tenant: "acme", Method: "jwt", Scopes: []string{"a", "b"},
		Claims: map[string]any{
			"plan": "gold", "rate": json.Number("60"), "account": json.Number("12345678901234567891"), "beta": true, "roles": []any{"x"}, "none": nil,
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

func TestDropIdentity(t *testing.T) {
	for name, test := range map[string]struct{ header, want http.Header }{
		"nothing to do": {
			http.Header{"Gateway": {"x"}, "Connection": {"keep-alive, TE"}},
			http.Header{"Gateway": {"x"}, "Connection": {"keep-alive, TE"}},
		},
		"in any spelling": {
			http.Header{"Gate-A": {"x"}, "gate-b": {"x"}, "Gate_c": {"x"}, "GATE.D": {"x"}},
			http.Header{},
		},
		"named by Connection": {
			http.Header{"Connection": {"close,Gate-Principal", " gate_tenant\t, TE"}},
			http.Header{"Connection": {"close, TE"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dropIdentity(test.header)
			if diff := cmp.Diff(test.want, test.header); diff != "" {
				t.Error(diff)
			}
		})
	}
}
