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
		"an argument":          {"gate_policy policies", "wrong argument count"},
		"no dir":               {"gate_policy {\n prompt /prompt\n}", "gate_policy: dir is missing; write for example: dir policies"},
		"no block":             {"gate_policy", "dir is missing"},
		"schema without file":  {"gate_policy {\n schema /x\n}", "schema is missing; write for example: schema /api/v1/generate* schemas/generate.json"},
		"a prompt of words":    {"gate_policy {\n prompt prompt\n}", `prompt: "prompt" is not a JSON Pointer`},
		"apart of words":       {"gate_policy {\n dir a\n apart prompts\n}", `apart: "prompts" is not a JSON Pointer`},
		"a block in an option": {"gate_policy {\n dir a {\n b\n }\n}", "dir takes no block"},
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
