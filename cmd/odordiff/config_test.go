package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func configFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigShowPrintsACaddyfileInEachFormat(t *testing.T) {
	file := configFile(t, "Caddyfile", ":8080 {\n\trespond 204\n}\n")
	for format, want := range map[string]string{
		"json": `"listen": [`, "yaml": "listen:\n", "toml": `listen = [":8080"]`,
	} {
		out, err := runCommand(t, configShowCommand(), "", "--config", file, "--format", format)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%s: %v\n%s", format, err, out)
		}
		// What was printed means the same.
		again := configFile(t, "gateway."+format, out)
		first, err := (&configSource{file: file}).read()
		if err != nil {
			t.Fatal(err)
		}
		second, err := (&configSource{file: again}).read()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainNumbers(first), plainNumbers(second)); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}

func TestConfigShowLeavesSecretsOut(t *testing.T) {
	file := configFile(t, "gateway.yaml", `
apps:
  gate: {redis: "redis://me:hunter2@redis.example:6379"}
  example: {client_secret: hunter2, api_key: "{env.EXAMPLE_KEY}", admin_password: hunter2, key: "{client_ip}", tokens: [a]}
`)
	out, err := runCommand(t, configShowCommand(), "", "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "hunter2") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	for _, shown := range []string{"redis.example:6379", "{env.EXAMPLE_KEY}", "{client_ip}"} {
		if !strings.Contains(out, shown) {
			t.Errorf("%s is not shown:\n%s", shown, out)
		}
	}
}

func TestConfigShowTellsWhereVariablesComeFrom(t *testing.T) {
	t.Setenv("ODORDIFF_SITE", "edge.example")
	t.Setenv("ODORDIFF_BIND", "")
	file := configFile(t, "Caddyfile", "{$ODORDIFF_SITE:localhost}:443 {\n\tbind {$ODORDIFF_BIND:127.0.0.1}\n}\n")
	out, err := runCommand(t, configShowCommand(), "", "--config", file, "--sources")
	const want = `variable       value         source
ODORDIFF_SITE  edge.example  the environment
ODORDIFF_BIND  127.0.0.1     the file's default
`
	if err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestConfigDiffComparesWhatRunsWithAFile(t *testing.T) {
	file := configFile(t, "gateway.yaml", "apps: {example: {size: 2, secret: new}}\n")
	running := `{"apps": {"example": {"size": 1, "old": true, "secret": "old"}}}`
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/config/" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		_, _ = w.Write([]byte(running))
	}))
	defer gateway.Close()
	address := gateway.Listener.Addr().String()

	out, err := runCommand(t, configDiffCommand(), "", "--config", file, "--address", address)
	const want = "- /apps/example/old: true\n~ /apps/example/size: 1 -> 2\n"
	if err == nil || out != want || !strings.Contains(err.Error(), "differences: 2") {
		t.Errorf("%v\n%s", err, out)
	}
	running = `{"apps": {"example": {"size": 2, "secret": "new"}}}`
	if out, err := runCommand(t, configDiffCommand(), "", "--config", file, "--address", address); err != nil || out != "" {
		t.Errorf("of the same: %v\n%s", err, out)
	}
}

func TestConfigDiffSaysThatNothingRuns(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	file := configFile(t, "gateway.yaml", "admin: {listen: \""+address+"\"}\n")
	_, err = runCommand(t, configDiffCommand(), "", "--config", file)
	if err == nil || !strings.Contains(err.Error(), "asking the gateway at "+address) {
		t.Error(err)
	}
}

func TestAWatchedConfigurationIsLoadedWhenItChanges(t *testing.T) {
	file := configFile(t, "gateway.yaml", "apps: {a: 1}\n")
	var loaded []string
	w := &configWatch{file: file, load: func(config []byte) error {
		loaded = append(loaded, string(config))
		if strings.Contains(string(config), "bad") {
			return errors.New("loading bad app module: unknown module: bad")
		}
		return nil
	}}
	w.inForce, _ = adaptFile(file, "")
	for _, step := range []struct{ name, text, refused string }{
		{"as it was", "apps: {a: 1}\n", ""},
		{"a comment", "# why\napps: {a: 1}\n", ""},
		{"another value", "apps: {a: 2}\n", ""},
		{"half saved", "apps: {a: ", file + ":2: did not find expected node content"},
		{"half saved still", "apps: {a: ", file + ":2: did not find expected node content"},
		{"whole again", "apps: {a: 3}\n", ""},
		{"refused", "apps: {bad: 1}\n", file + ":1: bad: unknown module: bad"},
		{"refused still", "apps: {bad: 1}\n", file + ":1: bad: unknown module: bad"},
		{"taken back", "apps: {a: 3}\n", ""},
		{"better", "apps: {a: 4}\n", ""},
	} {
		if err := os.WriteFile(file, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.look()
		if w.refused != step.refused {
			t.Errorf("%s: refused for %q, want %q", step.name, w.refused, step.refused)
		}
	}
	want := []string{`{"apps":{"a":2}}`, `{"apps":{"a":3}}`, `{"apps":{"bad":1}}`, `{"apps":{"a":4}}`}
	if diff := cmp.Diff(want, loaded); diff != "" {
		t.Error(diff)
	}
}
