package gate

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestWhichServersBelieveTheirClients(t *testing.T) {
	ranges := json.RawMessage(`{"source":"static"}`)
	for name, test := range map[string]struct {
		server *caddyhttp.Server
		want   bool
	}{
		"no trusted proxies":            {&caddyhttp.Server{}, false},
		"trusted proxies":               {&caddyhttp.Server{TrustedProxiesRaw: ranges}, true},
		"over a socket":                 {&caddyhttp.Server{TrustedProxiesUnix: true}, true},
		"strict":                        {&caddyhttp.Server{TrustedProxiesRaw: ranges, TrustedProxiesStrict: 1}, false},
		"a field that nobody appends":   {&caddyhttp.Server{TrustedProxiesRaw: ranges, ClientIPHeaders: []string{"CF-Connecting-IP"}}, false},
		"with the one that is appended": {&caddyhttp.Server{TrustedProxiesRaw: ranges, ClientIPHeaders: []string{"X-Real-IP", "x-forwarded-for"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := believesClients(test.server); got != test.want {
				t.Errorf("believesClients = %v", got)
			}
		})
	}
}
