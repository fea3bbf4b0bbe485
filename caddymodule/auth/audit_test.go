package auth

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/atomicfile"
	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/keyring"
)

// eventsIn returns the events in a trail, each with its principal.
func eventsIn(t *testing.T, folder string) []string {
	t.Helper()
	var events []string
	report, err := audit.Read(folder, audit.ReadOptions{Visit: func(r audit.Record) error {
		entry, err := audit.ParseEntry(r.Event)
		if err == nil && (audit.Filter{}).Match(entry) {
			events = append(events, strings.TrimSpace(entry.Event+" "+entry.Principal))
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	return events
}

func TestCredentialsAndKeysAreAudited(t *testing.T) {
	f := start(t, "respond 204")
	folder := filepath.Join(t.TempDir(), "audit")
	f.loadEdited("gate_auth {\n"+jwtBlock+signatureBlock+"}", func(config map[string]any) {
		apps := config["apps"].(map[string]any)
		apps["gate"].(map[string]any)["audit"] = map[string]any{"folder": folder, "required": true}
	})
	for range 2 {
		f.do(withToken(f.request(prompt), mint(t, tokenKey, nil)))
	}
	f.do(sign(t, f.request(prompt), adaKey, time.Now()))
	f.do(withToken(f.request(prompt), mint(t, forgedKey, nil)))
	f.do(f.request(prompt))
	want := []string{
		"gateway.started", "config.loaded", "credential.first_used ada", // by a token
		"credential.first_used ada", // by a signature
		"auth.failed", "auth.failed",
	}
	if got := eventsIn(t, folder); !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
	if err := os.Remove(f.keyring); err != nil {
		t.Fatal(err)
	}
	if err := (keyring.Keys{tokenKey, adaKey}).Write(f.keyring); err != nil {
		t.Fatal(err)
	}
	edgetest.AwaitEvent(t, folder, "keyring.changed", "result", "in force")
}

func TestAJWKSFileThatChangesIsAudited(t *testing.T) {
	f := start(t, "respond 204")
	folder, file := filepath.Join(t.TempDir(), "audit"), filepath.Join(t.TempDir(), "jwks.json")
	replace := func(content string) {
		t.Helper()
		if err := atomicfile.Replace(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const set = `{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "id", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	replace(set)
	f.loadEdited("gate_auth {\n jwt {\n issuer https://id.example\n audience odordiff\n jwks "+file+"\n}\n}", func(config map[string]any) {
		apps := config["apps"].(map[string]any)
		apps["gate"].(map[string]any)["audit"] = map[string]any{"folder": folder}
	})
	replace(set + "\n")
	edgetest.AwaitEvent(t, folder, "jwks.changed", "result", "in force")
	replace("{")
	edgetest.AwaitEvent(t, folder, "jwks.changed", "result", "refused")
}
