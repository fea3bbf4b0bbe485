package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/keyring"
)

const (
	goodKey = `{"kty": "OKP", "crv": "Ed25519", "kid": "good", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	badKey  = `{"kty": "EC", "crv": "P-256", "kid": "bad", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	rsaKey  = `{"kty": "RSA", "use": "enc", "kid": "encryption"}`
)

// place puts a file in its place in one step.
func place(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".next", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// gathered is the gauges by name and by the label that is not the file.
func gathered(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() != "file" {
					values[family.GetName()+" "+label.GetValue()] = metric.GetGauge().GetValue()
				}
			}
		}
	}
	return values
}

func TestHealthAndMetricsShowTheStateOfTheKeys(t *testing.T) {
	dir := t.TempDir()
	secrets, set := filepath.Join(dir, "keyring.json"), filepath.Join(dir, "jwks.json")
	if _, err := keyring.Ensure(secrets); err != nil {
		t.Fatal(err)
	}
	place(t, set, `{"keys": [`+goodKey+`,`+badKey+`,`+rsaKey+`]}`)
	written := time.Unix(1795000000, 0)
	for _, path := range []string{secrets, set} {
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
	}
	app, clean := provision(t, &App{KeyringFile: secrets})
	defer clean()
	core, logs := observer.New(zap.InfoLevel)
	keys, err := app.KeySet(set, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	if logs.FilterLevelExact(zap.WarnLevel).Len() != 1 || logs.FilterLevelExact(zap.InfoLevel).Len() != 1 {
		t.Errorf("logged %v, want a warning of the bad key and a word on the other", logs.All())
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(keyCollector{app})
	want := map[string]float64{
		"gate_keys jwks": 1, "gate_keys keyring": 2,
		"gate_keys_broken jwks": 0, "gate_keys_broken keyring": 0,
		"gate_keys_modified_timestamp_seconds jwks": 1795000000, "gate_keys_modified_timestamp_seconds keyring": 1795000000,
		"gate_keys_passed_over other_use": 1, "gate_keys_passed_over unusable": 1,
	}
	if diff := cmp.Diff(want, gathered(t, registry)); diff != "" {
		t.Error(diff)
	}
	if got := app.checkKeySets(t.Context()); got.Status != healthcheck.OK {
		t.Errorf("health is %v: %s", got.Status, got.Detail)
	}

	for _, path := range []string{secrets, set} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	eventually.True(t, "the files are missed", func() bool { return app.Keyring().LastError() != nil && keys.LastError() != nil })
	want["gate_keys_broken jwks"], want["gate_keys_broken keyring"] = 1, 1
	if diff := cmp.Diff(want, gathered(t, registry)); diff != "" {
		t.Error(diff)
	}
	for name, check := range map[string]healthcheck.Func{"keyring": app.checkKeyring, "jwks": app.checkKeySets} {
		got := check(t.Context())
		if got.Status != healthcheck.Degraded || !strings.Contains(got.Detail, "no such file") {
			t.Errorf("health of %s is %v: %s", name, got.Status, got.Detail)
		}
	}
	data := app.checkKeySets(t.Context()).Data[set].(map[string]any)
	if data["keys"] != 1 || data["passed_over"] != 2 || data["age_seconds"].(int64) < 0 {
		t.Errorf("the data of health are %v", data)
	}
}

func TestASetWithoutAKeyDegradesHealth(t *testing.T) {
	set := filepath.Join(t.TempDir(), "jwks.json")
	place(t, set, `{"keys": [`+badKey+`]}`)
	app, clean := provision(t, new(App))
	defer clean()
	if _, err := app.KeySet(set, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	if got := app.checkKeySets(t.Context()); got.Status != healthcheck.Degraded || !strings.Contains(got.Detail, "no key that can be used") {
		t.Errorf("health is %v: %s", got.Status, got.Detail)
	}
}

func TestAKeySetIsFollowedOnceForAllWhoReadIt(t *testing.T) {
	set := filepath.Join(t.TempDir(), "jwks.json")
	place(t, set, `{"keys": [`+goodKey+`]}`)
	open := func(app *App) any {
		t.Helper()
		keys, err := app.KeySet(set, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	before, cleanBefore := provision(t, new(App))
	first, second := open(before), open(before)
	after, cleanAfter := provision(t, new(App))
	defer cleanAfter()
	third := open(after)
	cleanBefore()
	if first != second || first != third {
		t.Error("the file was opened again")
	}
	place(t, set, `{"keys": []}`)
	eventually.True(t, "the file is still followed", func() bool { return after.keySets.all()[set].Contents().Keys == 0 })
}

func TestAReloadSaysAgainWhatIsWrongWithTheKeys(t *testing.T) {
	dir := t.TempDir()
	secrets, set := filepath.Join(dir, "keyring.json"), filepath.Join(dir, "jwks.json")
	if _, err := keyring.Ensure(secrets); err != nil {
		t.Fatal(err)
	}
	place(t, set, `{"keys": [`+goodKey+`]}`)
	before, cleanBefore := provision(t, &App{KeyringFile: secrets})
	keys, err := before.KeySet(set, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	place(t, set, "broken")
	eventually.True(t, "the broken file is noticed", func() bool { return keys.LastError() != nil })

	core, logs := observer.New(zap.InfoLevel)
	after, cleanAfter := provision(t, &App{KeyringFile: secrets})
	defer cleanAfter()
	if _, err := after.KeySet(set, zap.New(core)); err != nil {
		t.Fatalf("a broken file that is followed already keeps a reload from working: %v", err)
	}
	cleanBefore()
	if logs.FilterLevelExact(zap.ErrorLevel).Len() != 1 {
		t.Errorf("logged %v, want that earlier keys are in force", logs.All())
	}
}
