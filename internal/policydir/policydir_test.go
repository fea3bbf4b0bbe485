package policydir

import (
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func files(of map[string]string) Profile {
	shipped := Profile{Scent, map[string][]byte{}}
	for name, content := range of {
		shipped.Files[name] = []byte(content)
	}
	return shipped
}

// content returns what a directory has, without the record.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	read := Profile{Files: map[string][]byte{}}
	if err := read.add(os.DirFS(filepath.Dir(dir)), filepath.Base(dir)); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, content := range read.Files {
		if name != recordName {
			all[name] = string(content)
		}
	}
	return all
}

func renewed(t *testing.T, dir string, shipped map[string]string, force bool) Report {
	t.Helper()
	report, err := Renew(dir, files(shipped), force)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := write(filepath.Join(dir, name), []byte(content)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatNobodyEditedFollowsTheVersion(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	first := map[string]string{"a.rego": "a1", "rules/b.rego": "b1", "rules/gone.rego": "g1"}
	if report := renewed(t, dir, first, false); !report.Fresh || len(report.Written) != 3 {
		t.Errorf("the first time: %+v", report)
	}
	second := map[string]string{"a.rego": "a1", "rules/b.rego": "b2", "rules/new.rego": "n2"}
	want := Report{Written: []string{"rules/b.rego", "rules/new.rego"}, Removed: []string{"rules/gone.rego"}}
	if diff := cmp.Diff(want, renewed(t, dir, second, false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(second, content(t, dir)); diff != "" {
		t.Error(diff)
	}
	if report := renewed(t, dir, second, false); report.Changed() {
		t.Errorf("with nothing new: %+v", report)
	}
}

func TestEditedFilesAreKeptAndNamed(t *testing.T) {
	dir := t.TempDir()
	renewed(t, dir, map[string]string{"a.rego": "a1", "b.rego": "b1", "c.rego": "c1", "gone.rego": "g1"}, false)
	put(t, dir, "a.rego", "mine")
	put(t, dir, "gone.rego", "mine")
	put(t, dir, "own.rego", "own")
	if err := os.Remove(filepath.Join(dir, "b.rego")); err != nil {
		t.Fatal(err)
	}
	second := map[string]string{"a.rego": "a2", "b.rego": "b2", "c.rego": "c2"}
	for range 2 { // it stays so
		report := renewed(t, dir, second, false)
		if want := []string{"a.rego", "b.rego"}; !slices.Equal(slices.Compact(slices.DeleteFunc(report.Edited, func(s string) bool { return s == "gone.rego" })), want) {
			t.Errorf("edited: %q, want %q", report.Edited, want)
		}
		want := map[string]string{"a.rego": "mine", "c.rego": "c2", "gone.rego": "mine", "own.rego": "own"}
		if diff := cmp.Diff(want, content(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestForceReplacesEditedFilesAndSavesThem(t *testing.T) {
	dir := t.TempDir()
	renewed(t, dir, map[string]string{"a.rego": "a1", "b.rego": "b1", "gone.rego": "g1"}, false)
	put(t, dir, "a.rego", "mine")
	put(t, dir, "gone.rego", "mine too")
	put(t, dir, "own.rego", "own")
	if err := os.Remove(filepath.Join(dir, "b.rego")); err != nil {
		t.Fatal(err)
	}
	report := renewed(t, dir, map[string]string{"a.rego": "a1", "b.rego": "b1"}, true)
	want := Report{
		Written: []string{"a.rego", "b.rego"}, Removed: []string{"gone.rego"},
		Saved: []string{"a.rego.edited", "gone.rego.edited"},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
	have := map[string]string{"a.rego": "a1", "b.rego": "b1", "own.rego": "own", "a.rego.edited": "mine", "gone.rego.edited": "mine too"}
	if diff := cmp.Diff(have, content(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAFormerVersionUnpackedWithoutARecordIsKnown(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.rego", "a0")
	put(t, dir, "b.rego", "mine")
	put(t, dir, "gone.rego", "g0")
	r := renewal{
		dir: dir, shipped: files(map[string]string{"a.rego": "a1", "b.rego": "b1"}),
		former: map[string][]string{"a.rego": {sum([]byte("a")), sum([]byte("a0"))}, "b.rego": {sum([]byte("b0"))}, "gone.rego": {sum([]byte("g0"))}},
	}
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	want := Report{Written: []string{"a.rego"}, Removed: []string{"gone.rego"}, Edited: []string{"b.rego"}}
	if diff := cmp.Diff(want, r.report); diff != "" {
		t.Error(diff)
	}
}

func TestTheSumsOfFormerFilesAreWhole(t *testing.T) {
	sums := parseSums(formerSums)
	for _, name := range []string{"decision.rego", "data.yaml", "rules/hazards.rego", "terms/data.yaml", "schemas/generate.json"} {
		if len(sums[name]) == 0 {
			t.Errorf("there is no sum of %s among %q", name, slices.Sorted(maps.Keys(sums)))
		}
	}
	for name, digests := range sums {
		for _, digest := range digests {
			if raw, err := hex.DecodeString(digest); err != nil || len(raw) != 32 {
				t.Errorf("%s has the sum %q", name, digest)
			}
		}
	}
}

func TestARecordThatLeadsElsewhereIsRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, recordName, `{"files": {"../outside": "x"}}`)
	if _, err := Renew(dir, files(nil), true); err == nil {
		t.Error("it was taken")
	}
}
