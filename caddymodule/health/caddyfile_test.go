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
		{"an unknown option", "gate_health {\n cpu 3\n}", `unknown option "cpu"`},
		{"an option twice", "gate_health {\n memory 3\n memory 4\n}", "memory is given twice"},
		{"an upstream without URL", "gate_health {\n upstream\n}", "want: upstream <url>"},
		{"an upstream with too much", "gate_health {\n upstream http://a b c\n}", "want: upstream <url>"},
		{"an unknown option of upstream", "gate_health {\n upstream http://a {\n vital\n }\n}", `unknown option "vital"`},
		{"critical with an argument", "gate_health {\n upstream http://a {\n critical no\n }\n}", "wrong argument count"},
		{"a disk without folder", "gate_health {\n disk\n}", "want: disk <folder>"},
		{"a threshold that is no number", "gate_health {\n disk / many\n}", `threshold "many"`},
		{"a threshold that is not a number", "gate_health {\n load NaN\n}", `threshold "NaN"`},
		{"three thresholds", "gate_health {\n load 1 2 3\n}", "one or two thresholds"},
		{"no thresholds", "gate_health {\n load\n}", "one or two thresholds"},
		{"a timeout without unit", "gate_health {\n timeout 5\n}", "timeout: "},
		{"probes only, but which", "gate_health {\n probes_only ready\n}", "wrong argument count"},
		{"details for no scope", "gate_health {\n details_scope\n}", "want: details_scope <scope>"},
		{"details for two scopes", "gate_health {\n details_scope a b\n}", "want: details_scope <scope>"},
		{"an interval without value", "gate_health {\n interval\n}", "want: interval <duration>"},
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
				if upstream == nil {
					t.Fatal("accepted an upstream that is none")
				}
			}
		}
	})
}
