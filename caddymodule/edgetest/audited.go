package edgetest

import (
	"context"
	"encoding/json"
	"errors"
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

// errFound ends the reading of a trail.
var errFound = errors.New("found")

// AwaitEvent follows a trail until it has an event of the name with the text in
// a field, which the gateway records by itself.
func AwaitEvent(t testing.TB, folder, name, field, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := audit.Read(folder, audit.ReadOptions{Follow: ctx.Done(), Visit: func(r audit.Record) error {
		entry, err := audit.ParseEntry(r.Event)
		if err != nil || entry.Event != name {
			return err
		}
		var fields map[string]any
		if err := json.Unmarshal(entry.Fields, &fields); err != nil {
			return err
		}
		if fields[field] == text {
			return errFound
		}
		return nil
	}})
	switch {
	case errors.Is(err, errFound):
	case err != nil:
		t.Fatal(err)
	default:
		t.Fatalf("no %s with the %s %q was recorded within a minute", name, field, text)
	}
}
