package health

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	for _, tc := range []struct{ name, block, want string }{
		{"an argument", "gate_health /x", "wrong argument count"},
		{"an upstream without URL", "gate_health {\n upstream\n}", "url is missing; write for example: upstream http://"},
		{"an upstream with too much", "gate_health {\n upstream http://a b c\n}", `"c" is one value too many`},
		{"an unknown option of upstream", "gate_health {\n upstream http://a {\n vital\n }\n}", `unknown option "vital" of upstream`},
		{"a disk without directory", "gate_health {\n disk\n}", "disk: its value is missing; write for example: disk / 90 98"},
		{"a threshold that is no number", "gate_health {\n disk / many\n}", `degraded: "many" is not a number from 0 to 100; write for example: disk / 90 98`},
		{"a threshold that is not a number", "gate_health {\n load NaN\n}", `degraded: "NaN"`},
		{"three thresholds", "gate_health {\n load 1 2 3\n}", `load: "3" is one value too many`},
		{"probes only, but which", "gate_health {\n probes_only ready\n}", "it takes none"},
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
	f.Add("gate_health {\n upstream http://a b {\n critical\n }\n disk / 1 2\n memory 1\n load 2\n timeout 1s\n interval 1m\n}")
	f.Add("gate_health {\n disk")
	f.Fuzz(func(t *testing.T, input string) {
		tokens, err := caddyfile.Tokenize([]byte(input), "Caddyfile")
		if err != nil {
			return
		}
		handler := new(Handler)
		if err := handler.UnmarshalCaddyfile(caddyfile.NewDispenser(tokens)); err == nil {
			for _, upstream := range handler.Upstreams {
				if upstream.URL == "" {
					t.Fatal("accepted an upstream that is none")
				}
			}
		}
	})
}
