package edgetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/audit"
)

// Audited returns an edit of a config that adds an audit trail.
func Audited(t testing.TB, folder string) func(config []byte) []byte {
	return func(config []byte) []byte {
		t.Helper()
		var whole map[string]any
		if err := json.Unmarshal(config, &whole); err != nil {
			t.Fatal(err)
		}
		apps := whole["apps"].(map[string]any)
		app, found := apps["gate"].(map[string]any)
		if !found {
			app = make(map[string]any)
			apps["gate"] = app
		}
		app["audit"] = map[string]any{"folder": folder}
		edited, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		return edited
	}
}

// AwaitEvent waits until a trail has an event of the name with the text in a
// field, which the gateway records by itself.
func AwaitEvent(t testing.TB, folder, name, field, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		found := false
		_, err := audit.Read(folder, audit.ReadOptions{Visit: func(r audit.Record) error {
			entry, err := audit.ParseEntry(r.Event)
			if err != nil || entry.Event != name {
				return err
			}
			var fields map[string]any
			err = json.Unmarshal(entry.Fields, &fields)
			found = found || fields[field] == text
			return err
		}})
		if err != nil {
			t.Fatal(err)
		}
		if found {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s with the %s %q was recorded within a minute", name, field, text)
		}
	}
}
