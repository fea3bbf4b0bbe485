package limit

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	for _, tc := range []struct{ name, block, want string }{
		{"an argument", "gate_limit 60/1m", `unexpected "60/1m": write for example: gate_limit client`},
		{"a bad rate as an argument", "gate_limit l all 60", `limit l: rate: "60" is not`},
		{"a limit without name", "gate_limit {\n limit {\n }\n}", "limit: name is missing; write for example: limit principal"},
		{"a limit with two names", "gate_limit {\n limit a b {\n }\n}", `limit: "b" is one value too many; write for example: limit principal`},
		{"a rate outside a limit", "gate_limit {\n rate 60/1m\n}", `unknown option "rate" of gate_limit`},
		{"a match of nothing", "gate_limit {\n limit l {\n match\n }\n}", "match: its value is missing; write for example: match path /batch*"},
		{"a match of no matcher", "gate_limit {\n limit l {\n match pth /a\n }\n}", "http.matchers.pth"},
		{"a principal without id", "gate_limit {\n principal {\n tenant acme\n }\n}", "principal: id is missing; write for example: principal ada allow"},
		{"a shadow of nothing", "gate_limit {\n shadow burst\n}", "shadow burst: this gate_limit has no such limit"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.block))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
		})
	}
}

func FuzzUnmarshalCaddyfile(f *testing.F) {
	f.Add("gate_limit {\n limit l {\n key all\n rate 1/1m\n match path /a*\n cost 2\n items /prompts\n settle X-Tokens /usage/total_tokens\n ipv6_prefix 64\n ipv4_prefix 24\n on_error deny\n allow a\n deny b\n }\n allow private_ranges\n principal ada allow\n principal bob deny {\n tenant acme\n }\n deny 192.0.2.1\n shadow l\n}")
	f.Add("gate_limit {\n limit l {\n key all\n rate {http.auth.user.rate}/1h\n rate_default 2/1h\n rate_max 3/1m\n }\n}")
	f.Add("gate_limit {\n limit l {\n key all\n rate 1/1h\n tokens {\n input /prompt\n output /max\n output_default 3\n output_max 4\n choices /n\n }\n }\n}")
	f.Fuzz(func(t *testing.T, block string) {
		h := new(Handler)
		if err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(block)); err != nil {
			return
		}
		// What parses is either a good configuration or refused with an error.
		if err := h.configure(); err == nil && len(h.Limits) > 0 && h.Limits[0].limit.Rate < 1 {
			t.Errorf("%q gives %+v", block, h.Limits[0])
		}
	})
}
