package configformat_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/caddymodule/configformat"
)

// shipped returns the configuration of the shipped Caddyfile.
func shipped(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestTheShippedConfigurationIsTheSameInEveryFormat(t *testing.T) {
	config := shipped(t)
	var tree map[string]any
	if err := json.Unmarshal(config, &tree); err != nil {
		t.Fatal(err)
	}
	inTOML := new(bytes.Buffer)
	if err := toml.NewEncoder(inTOML).Encode(tree); err != nil {
		t.Fatal(err)
	}
	inYAML, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	for format, text := range map[string][]byte{"yaml": inYAML, "toml": inTOML.Bytes(), "jsonc": append([]byte("// shipped\n"), config...)} {
		adapted, warnings, err := caddyconfig.GetAdapter(format).Adapt(text, nil)
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", format, err, warnings)
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(adapted, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tree, got); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}

func TestAConfigurationInYAMLIsLoaded(t *testing.T) {
	const text = `
admin: {disabled: true}
apps:
  http:
    servers:
      api:
        listen: ["127.0.0.1:0"]
        routes:
          - handle:
              - handler: gate_problem
              - handler: gate_limit
                limits:
                  - {name: address, key: "{client_ip}", rate: 5/1m}
              - {handler: static_response, status_code: 204}
`
	adapted, _, err := caddyconfig.GetAdapter("yaml").Adapt([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var config caddy.Config
	if err := caddy.StrictUnmarshalJSON(adapted, &config); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&config); err != nil {
		t.Error(err)
	}
}

func TestAnErrorNamesFileAndLine(t *testing.T) {
	for format, want := range map[string]string{
		"yaml": "gateway.conf:2:1: \"a\" is here a second time; the first is in line 1",
		"toml": "gateway.conf:2:2: expected '.' or '=', but got ':' instead",
	} {
		text := map[string]string{"yaml": "a: 1\na: 2\n", "toml": "a = 1\na: 2\n"}[format]
		_, _, err := caddyconfig.GetAdapter(format).Adapt([]byte(text), map[string]any{"filename": "gateway.conf"})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant: %s", format, err, want)
		}
	}
}

func TestTheExtensionSaysTheFormat(t *testing.T) {
	for file, want := range map[string]string{
		"gateway.yaml": "yaml", "a/b.YML": "yaml", "gateway.toml": "toml", "gateway.jsonc": "jsonc",
		"Caddyfile": "", "gateway.json": "", "production.caddyfile": "", "": "",
	} {
		if got := configformat.Name(file); got != want {
			t.Errorf("Name(%q) = %q, want %q", file, got, want)
		}
	}
}
