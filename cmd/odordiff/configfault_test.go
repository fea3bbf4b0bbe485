package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/odordiff/odordiff/caddymodule/configformat"
)

// refusalOf loads a configuration as `odordiff validate` does, and returns what
// it says to people.
func refusalOf(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, _, _, err := caddycmd.LoadConfig(file, configformat.Name(file))
	if err == nil {
		var decoded caddy.Config
		if err = caddy.StrictUnmarshalJSON(config, &decoded); err == nil {
			err = caddy.Validate(&decoded)
		}
	}
	if err == nil {
		return "valid"
	}
	return strings.TrimPrefix(faultIn(file, err).String(), filepath.Dir(file)+"/")
}

// TestABrokenCaddyfileIsRefusedInOneLine breaks the shipped Caddyfile in one
// place at a time. The message has to name the line of the change, the option
// and the cure.
func TestABrokenCaddyfileIsRefusedInOneLine(t *testing.T) {
	freshState(t)
	t.Setenv("ODORDIFF_POLICIES", "../../policies")
	t.Setenv("ODORDIFF_REDIS", "off")
	shipped, err := os.ReadFile("../../Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, want string }{
		{"rate 300/1m", "rate 300", `gate_limit: rate: "300" is not a whole number from 1 in a window from 1s to 366d, or placeholders; write for example: rate 60/1m`},
		{"rate 300/1m", "rate 0/1m", `gate_limit: rate: "0/1m" is not`},
		{"rate 300/1m", "rate 300/1y", `gate_limit: rate: "300/1y" is not`},
		{"rate 300/1m", "rate", `gate_limit: rate: its value is missing; write for example: rate 60/1m`},
		{"rate 300/1m", "rate 300/1m x", `gate_limit: rate: "x" is one value too many`},
		{"rate 300/1m", "rat 300/1m", `gate_limit: unknown option "rat" of limit (did you mean rate?)`},
		{"key {client_ip}", "key", `gate_limit: key: its value is missing`},
		{"limit everyone {", "limit principal {", `gate_limit: limit "principal" is there twice`},
		{"on_error allow", "on_error alow", `gate_limit: on_error: "alow"`},
		{"require_scope generate", "require_scoop generate", `gate_auth: unknown option "require_scoop" of jwt (did you mean require_scope?)`},
		{"dial_timeout 1s", "dial_timeout 1", `reverse_proxy: bad timeout value '1': time: missing unit in duration "1"`},
		{"dial_timeout 1s", "dial_timout 1s", `reverse_proxy:`},
		{"inner least_conn", "inner leest_conn", `reverse_proxy: inner: getting module named`},
		{"lb_policy gate_breaker", "lb_policy gate_braker", `reverse_proxy: getting module named 'http.reverse_proxy.selection_policies.gate_braker'`},
		{"transport gate {", "transport gat {", `reverse_proxy: getting module named 'http.reverse_proxy.transport.gat'`},
		{"stale #", "stail #", `gate_fallback: unknown option "stail" of gate_fallback: it has stale, retry_after; write for example: stale`},
		{`dir "{$ODORDIFF_POLICIES:policies}"`, "dir /nowhere/at/all", `gate_policy: reading policy directory /nowhere/at/all`},
		{"schemas/batch.json", "schemas/none.json", `gate_policy: the policy in force: schemas/none.json: a route needs this schema`},
		{"prompt /prompt\n", "prompt prompt\n", `gate_policy: prompt: "prompt" is not a JSON Pointer`},
		{"format gate\n\t\tsampling", "format gates\n\t\tsampling", `log: getting module named 'caddy.logging.encoders.gates'`},
		{"{$ODORDIFF_LOG_LEVEL:INFO}", "LOUD", `setting up default log: unrecognized log level: loud`},
		{"grace_period 30s", "grace_period soon", `grace_period: time: invalid duration "soon"`},
		{"metrics # to be", "metricks # to be", `unrecognized global option: metricks`},
		{"storage file_system", "storage file_sistem", `storage: getting module named 'caddy.storage.file_sistem'`},
		{"admin {$ODORDIFF_ADMIN:localhost:2019}", "admin localhost:2019 x", `admin: `},
		{"max_header_size 64KiB", "max_header_size 64 apples", `servers: `},
		{"strict_sni_host on", "strict_sni_host maybe", `servers: `},
		{"0rtt off", "0rtt of", `servers: `},
		{"redis {env.ODORDIFF_REDIS}", "redis http://x", `gate: redis: redis URL: unknown scheme: write redis://, rediss:// or unix://`},
		{`keyring "{$ODORDIFF_STATE:/var/lib/odordiff}/keyring.json"`, "keyring /nowhere.json", "gate: keyring: opening keyring: /nowhere.json: opening: no such file or directory; `odordiff keyring init` makes one"},
		{"gate_capacity #", "gate_capacityy #", `unknown directive "gate_capacityy"; did you mean gate_capacity?`},
		{"gate_policy {", "gate_polcy {", `route: unknown directive "gate_polcy"; did you mean gate_policy?`},
		{"max_header 32KiB", "max_header big", `gate_problem: max_header: "big"`},
		{"max_size 1MiB", "max_size lots", `request_body: `},
		{"@batches path /api/v1/generate/batch", "@batches pth /api/v1/generate/batch", `getting matcher module 'pth': module not registered: http.matchers.pth`},
		{"import headers\n\t#", "import haeders\n\t#", `File to import not found: haeders`},
		{"cors {$ODORDIFF_CORS_ORIGINS}", "cors *", "gate_headers: origins: \"*\" is not an origin as browsers write it"},
		{"error 404", "error", `error: wrong argument count`},
		{"upstream http://", "upstream htp://", `gate_health: url: "htp://`},
		{"details_scope operator", "details_scop operator", `gate_health: unknown option "details_scop" of gate_health (did you mean details_scope?)`},
		{"probes_only", "probes_olny", `gate_health: unknown option "probes_olny" of gate_health (did you mean probes_only?)`},
		{"redir https://", "redirect https://", `unrecognized directive: redirect`},
		{"http://:{$ODORDIFF_HTTP_PORT:8080} {", "http://:99999 {", `parsing key: port 99999 is out of range`},
	} {
		t.Run(test.new, func(t *testing.T) {
			before, after, found := strings.Cut(string(shipped), test.old)
			if !found {
				t.Fatalf("the shipped Caddyfile has no %q", test.old)
			}
			line := "Caddyfile:" + strconv.Itoa(strings.Count(before, "\n")+1) + ": "
			if got := refusalOf(t, "Caddyfile", before+test.new+after); !strings.HasPrefix(got, line+test.want) {
				t.Errorf("%s\nwant: %s%s", got, line, test.want)
			}
		})
	}
}

func TestABrokenConfigurationInAnotherFormatIsRefusedInOneLine(t *testing.T) {
	const inYAML = `apps:
  http:
    servers:
      api:
        listen: ["127.0.0.1:0"]
        routes:
          - handle:
              - {handler: gate_problem}
              - handler: gate_limit
                limits:
                  - {name: address, key: "{client_ip}", rate: 5/1m}
              - {handler: static_response, status_code: 204}
`
	if got := refusalOf(t, "gateway.yaml", inYAML); got != "valid" {
		t.Fatal(got)
	}
	for _, test := range []struct{ old, new, want string }{
		{"listen:", "lissen:", `gateway.yaml:5: http: unknown option "lissen"; did you mean listen?`},
		{"apps:", "appps:", `gateway.yaml:1: unknown option "appps"; did you mean apps?`},
		{"rate: 5/1m", "rate: 5", `gateway.yaml:9: gate_limit: `},
		{"limits:", "limit:", `gateway.yaml:10: gate_limit: unknown option "limit"; did you mean limits?`},
		{"gate_problem}", "gate_problems}", `gateway.yaml:8: gate_problems: unknown module: http.handlers.gate_problems`},
		{"status_code: 204", "status: 204", `gateway.yaml:12: static_response: unknown option "status"`},
		{"  http:", "  htp:", `gateway.yaml:2: htp: unknown module: htp`},
		{`"127.0.0.1:0"]`, `"127.0.0.1:0"`, `gateway.yaml:5: `},
	} {
		text := strings.Replace(inYAML, test.old, test.new, 1)
		if got := refusalOf(t, "gateway.yaml", text); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s\nwant: %s", got, test.want)
		}
	}
	const inJSON = "{\n // all\n \"apps\": {\"http\": {\n  \"servrs\": {}}}\n}"
	if got, want := refusalOf(t, "gateway.jsonc", inJSON), `gateway.jsonc:4: http: unknown option "servrs"; did you mean servers?`; got != want {
		t.Errorf("%s\nwant: %s", got, want)
	}
}

func TestARefusalOfARunningGatewayIsRead(t *testing.T) {
	const message = `sending configuration to instance: caddy responded with error: HTTP 400: {"error":"loading config: loading new config: loading gate app module: provision gate: redis: no"}` + "\n"
	if got := answered(message); got != "loading config: loading new config: loading gate app module: provision gate: redis: no" {
		t.Error(got)
	}
}
