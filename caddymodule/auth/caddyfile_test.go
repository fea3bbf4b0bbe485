package auth

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	for name, test := range map[string]struct{ block, want string }{
		"an argument":                    {"gate_auth api_key", `unexpected "api_key"`},
		"an argument twice":              {"gate_auth jwt jwt", "gate_jwt is there twice"},
		"an unknown option":              {"gate_auth {\n api_key\n}", `unknown option "api_key" of gate_auth`},
		"a flag with a value":            {"gate_auth {\n optional yes\n}", `optional: "yes" is one value too many: it takes none`},
		"a provider twice":               {"gate_auth {\n signature\n signature\n}", "signature is there twice"},
		"a provider without name":        {"gate_auth {\n provider\n}", "write for example: provider http_basic"},
		"a provider that is not there":   {"gate_auth {\n provider nothing\n}", "http.authentication.providers.nothing"},
		"an argument of jwt":             {"gate_auth {\n jwt HS256\n}", "wrong argument count"},
		"an unknown option of jwt":       {"gate_auth {\n jwt {\n secret x\n }\n}", `unknown option "secret" of jwt: it has issuer, audience`},
		"an unknown option of the other": {"gate_auth {\n signature {\n issuer x\n }\n}", `unknown option "issuer" of signature: it has components`},
	} {
		t.Run(name, func(t *testing.T) {
			err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(test.block))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzUnmarshalCaddyfile(f *testing.F) {
	f.Add("gate_auth {\n optional\n jwt {\n issuer a\n leeway 1s\n cache_size 3\n }\n signature {\n max_body 1KiB\n }\n}")
	f.Fuzz(func(t *testing.T, block string) {
		h := new(Handler)
		if err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(block)); err == nil && len(h.ProvidersRaw) > 0 {
			for name := range h.ProvidersRaw {
				if name == "" {
					t.Errorf("%q has a provider without name", block)
				}
			}
		}
	})
}
