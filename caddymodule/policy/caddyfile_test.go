package policy

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	for name, tc := range map[string]struct{ block, want string }{
		"an argument":               {"gate_policy policies", "wrong argument count"},
		"an unknown option":         {"gate_policy {\n rules x\n}", `unknown option "rules"`},
		"an option twice":           {"gate_policy {\n dir a\n dir b\n}", "dir is given twice"},
		"no dir":                    {"gate_policy {\n prompt /prompt\n}", "dir is needed"},
		"no block":                  {"gate_policy", "dir is needed"},
		"dir without value":         {"gate_policy {\n dir\n}", "dir takes one value"},
		"schema without file":       {"gate_policy {\n schema /x\n}", "want: schema <route> <file>"},
		"prompt without pointer":    {"gate_policy {\n prompt\n}", "want: prompt <pointers...>"},
		"max_body without unit":     {"gate_policy {\n max_body much\n}", `max_body "much"`},
		"max_body of nothing":       {"gate_policy {\n max_body 0\n}", `max_body "0"`},
		"timeout without unit":      {"gate_policy {\n timeout 5\n}", `timeout "5"`},
		"a timeout before it began": {"gate_policy {\n timeout -5s\n}", `timeout "-5s"`},
		"last_good of nothing":      {"gate_policy {\n last_good \"\"\n}", "last_good must be a folder, or off"},
		"a block in an option":      {"gate_policy {\n dir a {\n b\n }\n}", "dir takes no block"},
	} {
		t.Run(name, func(t *testing.T) {
			err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.block))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
		})
	}
}

func FuzzUnmarshalCaddyfile(f *testing.F) {
	f.Add("gate_policy {\n dir p\n schema /x schemas/x.json\n prompt /a /b\n max_body 1MiB\n timeout 25ms\n}")
	f.Add("gate_policy {\n dir {\n")
	f.Fuzz(func(t *testing.T, input string) {
		tokens, err := caddyfile.Tokenize([]byte(input), "Caddyfile")
		if err != nil {
			return
		}
		h := new(Handler)
		if err := h.UnmarshalCaddyfile(caddyfile.NewDispenser(tokens)); err == nil && h.Dir == "" {
			t.Fatal("accepted a handler without a directory")
		}
	})
}
