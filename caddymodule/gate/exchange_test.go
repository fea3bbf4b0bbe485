package gate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/go-cmp/cmp"
)

func TestDropIdentity(t *testing.T) {
	for name, test := range map[string]struct{ header, want http.Header }{
		"nothing to do": {http.Header{"Gateway": {"x"}}, http.Header{"Gateway": {"x"}}},
		"in any spelling": {
			http.Header{"Gate-A": {"x"}, "gate-b": {"x"}, "Gate_c": {"x"}, "GATE.D": {"x"}},
			http.Header{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			DropIdentity(test.header)
			if diff := cmp.Diff(test.want, test.header); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheFirstToMakeTheExchangeDropsWhatTheClientClaims(t *testing.T) {
	ctx := context.WithValue(t.Context(), caddyhttp.VarsCtxKey, map[string]any{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Header.Set("Gate-Principal", "admin")
	if x, ok := ExchangeIn(r); ok {
		t.Errorf("looking made the exchange %+v", x)
	}
	if r.Header.Get("Gate-Principal") != "admin" {
		t.Error("looking took a field out")
	}
	made := ExchangeOf(r)
	if got := r.Header.Get("Gate-Principal"); got != "" {
		t.Errorf("Gate-Principal = %q, want none", got)
	}
	r.Header.Set("Gate-Principal", "alice") // the gateway's own, by now
	x, ok := ExchangeIn(r)
	if !ok || x != made || ExchangeOf(r) != made {
		t.Error("the request has more than one exchange")
	}
	if got := r.Header.Get("Gate-Principal"); got != "alice" {
		t.Errorf("Gate-Principal = %q, want alice", got)
	}
}
