package caddymodule_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

const anyone = `package gate

strict := {"type": "header", "target": "upstream", "name": "X-Safety", "value": "strict"}

decision := {"allow": input.complete, "status": 200, "reasons": [], "obligations": [strict], "labels": []}
`

// TestNoChainPassesOnWhatTheClientClaims has each handler alone before the
// proxy: an upstream that trusts Gate- fields must not depend on gate_auth
// being there.
func TestNoChainPassesOnWhatTheClientClaims(t *testing.T) {
	policies := t.TempDir()
	if err := os.WriteFile(filepath.Join(policies, "gate.rego"), []byte(anyone), 0o600); err != nil {
		t.Fatal(err)
	}
	sets := map[string]string{"gate_policy": "strict"}
	for name, handler := range map[string]string{
		"gate_limit":    "gate_limit address {client_ip} 1000/1m",
		"gate_policy":   "gate_policy {\ndir " + policies + "\ntimeout 5s\n}",
		"gate_fallback": "gate_fallback",
		"gate_capacity": "gate_capacity",
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
			defer upstream.Close()
			edge := edgetest.Start(t, "route {\n"+handler+"\nreverse_proxy "+upstream.Listener.Addr().String()+` {
				transport gate
				header_up Gate-Site edge
			}
			}`)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, edge.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{
				"Gate-Principal": {"admin"}, "Gate_tenant": {"root"}, "X-Hop": {"for you"},
				"Connection": {"Gate-Site, x-safety", "X-Hop"},
			}
			res, err := edge.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got == nil {
				t.Fatalf("the upstream was not asked: %s", res.Status)
			}
			if got.Values("Gate-Principal") != nil || got["Gate_tenant"] != nil {
				t.Errorf("the upstream was told what the client claims: %v", got)
			}
			if site := got.Get("Gate-Site"); site != "edge" {
				t.Errorf("Gate-Site = %q, want what the operator sends", site)
			}
			if safety := got.Get("X-Safety"); safety != sets[name] {
				t.Errorf("X-Safety = %q, want what the handler sets, %q", safety, sets[name])
			}
			if hop := got.Get("X-Hop"); hop != "" {
				t.Errorf("X-Hop = %q, which was for the gateway alone", hop)
			}
		})
	}
}
