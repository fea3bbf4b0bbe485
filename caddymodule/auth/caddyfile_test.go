package auth

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	inJWT := func(option string) string { return "gate_auth {\n jwt {\n " + option + "\n }\n}" }
	inSignature := func(option string) string { return "gate_auth {\n signature {\n " + option + "\n }\n}" }
	for name, test := range map[string]struct{ block, want string }{
		"an argument":                    {"gate_auth api_key", `unexpected "api_key"`},
		"an argument twice":              {"gate_auth jwt jwt", "gate_jwt is there twice"},
		"an unknown option":              {"gate_auth {\n api_key\n}", `unknown option "api_key"`},
		"a flag with a value":            {"gate_auth {\n optional yes\n}", `unexpected "yes": optional takes no value`},
		"a provider twice":               {"gate_auth {\n signature\n signature\n}", "gate_signature is there twice"},
		"a provider without name":        {"gate_auth {\n provider\n}", "want: provider <module>"},
		"a provider that is not there":   {"gate_auth {\n provider nothing\n}", "http.authentication.providers.nothing"},
		"an argument of jwt":             {"gate_auth {\n jwt HS256\n}", `unexpected "HS256": jwt takes a block`},
		"an unknown option of jwt":       {inJWT("secret x"), `unknown option "secret": jwt has [algorithms audience cache_size`},
		"an option without value":        {inJWT("issuer"), "want: issuer <values...>"},
		"an option with two values":      {inJWT("jwks a b"), "want: jwks <value>"},
		"an option twice":                {inJWT("jwks a\njwks b"), "jwks is there twice"},
		"a duration that is none":        {inJWT("leeway soon"), `"soon"`},
		"a negative number":              {inJWT("cache_size -1"), `"-1"`},
		"a size that is none":            {inSignature("max_body big"), `"big"`},
		"an unknown option of the other": {inSignature("issuer x"), `unknown option "issuer": signature has [components`},
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
