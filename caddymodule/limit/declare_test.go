package limit

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
)

func TestAnOperatorFindsTheWindowOfARequestByWhatIsKnownOfItsSender(t *testing.T) {
	const ofPrincipal, ofAddress = "{http.auth.user.id}", "{http.vars.client_ip}"
	alice := exchange.Principal{ID: "alice"}
	tenants, foreign := alice, alice
	tenants.Tenant, foreign.Authority = "acme", "https://id.example"
	for name, c := range map[string]struct {
		key       string
		principal *exchange.Principal
		address   string
		known     gate.Sender
	}{
		"a principal":                     {ofPrincipal, &alice, "192.0.2.1", gate.Sender{Key: "alice"}},
		"a principal of a tenant":         {ofPrincipal, &tenants, "192.0.2.1", gate.Sender{Key: "alice", Tenant: "acme"}},
		"a principal of another issuer":   {ofPrincipal, &foreign, "192.0.2.1", gate.Sender{Key: "alice", Issuer: "https://id.example"}},
		"a key of several parts":          {"x-" + ofPrincipal, &alice, "192.0.2.1", gate.Sender{Key: "x-alice"}},
		"an address":                      {ofAddress, nil, "192.0.2.1", gate.Sender{Address: "192.0.2.1"}},
		"an address as the key":           {ofAddress, nil, "192.0.2.1", gate.Sender{Key: "192.0.2.1"}},
		"another address of its network":  {ofAddress, nil, "2001:db8::1", gate.Sender{Address: "2001:db8::ffff"}},
		"an address without a principal":  {ofPrincipal, nil, "2001:db8::1", gate.Sender{Address: "2001:db8::2"}},
		"everyone":                        {"all", &alice, "192.0.2.1", gate.Sender{}},
		"everyone by the configured text": {"all", nil, "192.0.2.1", gate.Sender{Key: "all"}},
	} {
		h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: c.key, Rate: "1/1m"}}})
		repl := caddy.NewReplacer()
		x := &exchange.Exchange{ClientIP: c.address, Principal: c.principal}
		repl.Set("http.vars.client_ip", c.address)
		repl.Set("http.auth.user.id", "")
		if c.principal != nil {
			repl.Set("http.auth.user.id", c.principal.ID)
		}
		l := &h.Limits[0]
		want := l.key(repl, x)
		if got, err := l.keyOf(c.known); err != nil || got != want {
			t.Errorf("%s: %q, %v; the request is charged to %q", name, got, err, want)
		}
	}
}

func TestWhatIsMissingToFindAWindowIsSaidWithoutTheSender(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		known gate.Sender
		want  string
	}{
		"no key":                     {"{http.auth.user.id}", gate.Sender{Tenant: "acme"}, "key: missing"},
		"another key of a fixed one": {"all", gate.Sender{Key: "secret"}, "one window for all"},
		"a tenant of a fixed one":    {"all", gate.Sender{Tenant: "secret"}, "one window for all"},
		"a tenant of an address":     {"{http.vars.client_ip}", gate.Sender{Key: "192.0.2.1", Tenant: "secret"}, "tenant, issuer"},
		"no address":                 {"{http.auth.user.id}", gate.Sender{Address: "secret"}, "address: it is not an IP address"},
		"an address and a key":       {"{http.auth.user.id}", gate.Sender{Address: "192.0.2.1", Key: "secret"}, "address: give either"},
	} {
		h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: c.key, Rate: "1/1m"}}})
		_, err := h.Limits[0].keyOf(c.known)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
