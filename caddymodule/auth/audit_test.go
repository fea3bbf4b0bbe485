package auth

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// eventually waits for an event that the gateway records by itself.
func eventually(t *testing.T, folder, event string) {
	t.Helper()
	for !slices.Contains(eventsIn(t, folder), event) {
		if t.Context().Err() != nil {
			t.Fatalf("%s was not recorded", event)
		}
		time.Sleep(10 * time.Millisecond)
	}
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
	eventually(t, folder, "keyring.changed")
}
