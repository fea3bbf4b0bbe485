package promptpolicy

import (
	"os"
	"path/filepath"
	"testing"
)

const broken = "package gate\n\ndecision := {"

// keep opens and closes an engine, so that the directory's version is kept.
func keep(t *testing.T, dir string) (lastGood string) {
	t.Helper()
	lastGood = filepath.Join(t.TempDir(), "state", "kept.json")
	e, err := Open(t.Context(), Options{Dir: dir, Conditions: Conditions{Timeout: ample}, LastGood: lastGood})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if status := e.Status(); status.NotKept != "" || !status.KeptSince.IsZero() {
		t.Fatalf("status = %+v", status)
	}
	return lastGood
}

func TestARestartWithABrokenDirectoryTakesTheLastGoodVersion(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	lastGood := keep(t, dir)
	write(t, dir, map[string]string{"gate.rego": broken})
	e, outcomes := opened(t, dir, func(o *Options) { o.LastGood = lastGood })
	status := e.Status()
	if !allows(t, e) || status.KeptSince.IsZero() || status.RefusedAt.IsZero() || status.Candidate == status.Revision {
		t.Errorf("status = %+v", status)
	}
	wantError(t, status.Faults, "gate.rego:3: rego_parse_error")

	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "")
	if status := e.Status(); allows(t, e) || len(status.Faults) > 0 || !status.KeptSince.IsZero() {
		t.Errorf("fixed, but status = %+v", status)
	}
	if snap, _, err := readKept(lastGood); err != nil || snap.Hash != e.Status().Revision {
		t.Errorf("the new version was not kept: %v", err)
	}
}

func TestARestartWithoutTheDirectoryTakesTheLastGoodVersion(t *testing.T) {
	dir := write(t, filepath.Join(t.TempDir(), "policies"), map[string]string{"gate.rego": allowing})
	lastGood := keep(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	e, _ := opened(t, dir, func(o *Options) { o.LastGood = lastGood })
	if status := e.Status(); !allows(t, e) || len(status.Faults) == 0 || status.Candidate != "" {
		t.Errorf("status = %+v", status)
	}
}

func TestALastGoodVersionThatIsNotIsNoStart(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	lastGood := keep(t, dir)
	write(t, dir, map[string]string{"gate.rego": broken})
	refused := snapshot(t, map[string]string{"gate.rego": "package gate\n\nallow := true"})
	for name, tc := range map[string]struct {
		spoil func() error
		want  string
	}{
		"refused by now": {func() error { return refused.keep(lastGood) }, "the last good version is refused, too: trying the policy on"},
		"half a file":    {func() error { return os.WriteFile(lastGood, []byte("{"), 0o600) }, "the last good version cannot be read"},
		"other files": {func() error {
			return os.WriteFile(lastGood, []byte(`{"hash": "`+refused.Hash+`", "files": {"gate.rego": ""}}`), 0o600)
		}, "its files are not those of revision"},
		"nothing": {func() error { return os.Remove(lastGood) }, "gate.rego:3"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.spoil(); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), Options{Dir: dir, LastGood: lastGood})
			wantError(t, err, tc.want)
			wantError(t, err, "gate.rego:3")
		})
	}
}

func TestAVersionThatCannotBeKeptIsInForceAndSaysSo(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, _ := opened(t, dir, func(o *Options) { o.LastGood = filepath.Join(dir, "gate.rego", "kept.json") })
	if status := e.Status(); !allows(t, e) || status.NotKept == "" || len(status.Faults) > 0 {
		t.Errorf("status = %+v", status)
	}
}
