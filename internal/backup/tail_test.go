package backup_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/backup"
)

// trail is a folder whose files grow, which is followed.
type trail struct {
	dir    string
	source backup.Source
	target backup.Target
	r      *backup.Repository
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	dir, target := t.TempDir(), open(t, t.TempDir())
	return &trail{dir: dir, source: backup.Source{Name: "audit", Path: dir}, target: target, r: machine(t, target)}
}

func (tr *trail) follow(t *testing.T) *backup.Follower {
	t.Helper()
	result, err := tr.r.Take(t.Context(), tr.source)
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.r.Follow(t.Context(), tr.source, result)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (tr *trail) append(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(tr.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// restored returns what a stranger restores of the files.
func (tr *trail) restored(t *testing.T, names ...string) []string {
	t.Helper()
	r, to := stranger(tr.target), t.TempDir()
	heads, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Restore(t.Context(), heads[len(heads)-1].ID, to); err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(names))
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join(to, "audit", name))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts
}

func TestWhatWasAppendedSinceTheSnapshotIsRestored(t *testing.T) {
	tr := newTrail(t)
	tr.append(t, "1", "one ")
	f := tr.follow(t)
	for _, step := range []struct{ name, text string }{{"1", "two "}, {"2", "a "}, {"1", "three"}, {"2", "b"}} {
		tr.append(t, step.name, step.text)
		if err := f.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := tr.restored(t, "1", "2"); !slices.Equal(got, []string{"one two three", "a b"}) {
		t.Errorf("restored %q", got)
	}
}

func TestATailIsNeededUntilTheNextSnapshot(t *testing.T) {
	tr := newTrail(t)
	f := tr.follow(t)
	tr.append(t, "1", "one ")
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths(t, tr.target.String(), "tails/audit/1/*")
	tr.follow(t)
	if left, _ := filepath.Glob(filepath.Join(tr.target.String(), "tails/audit/1/*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if got := tr.restored(t, "1"); got[0] != "one " {
		t.Errorf("restored %q", got)
	}
}

func TestATornEndIsTakenBack(t *testing.T) {
	tr := newTrail(t)
	f := tr.follow(t)
	tr.append(t, "1", "whole torn")
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(tr.dir, "1"), int64(len("whole "))); err != nil {
		t.Fatal(err)
	}
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	tr.append(t, "1", "again")
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tr.restored(t, "1"); got[0] != "whole again" {
		t.Errorf("restored %q", got)
	}
}

func TestATailOfAnotherSignerIsNotRestored(t *testing.T) {
	tr := newTrail(t)
	tr.append(t, "1", "one ")
	tr.follow(t)
	// A forger appends to the trail, and moves the tail to our target.
	forger := newTrail(t)
	forger.append(t, "1", "one ")
	f := forger.follow(t)
	forger.append(t, "1", "forged")
	if err := f.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths(t, forger.target.String(), "tails/audit/1/*") {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, tr.target.String(), filepath.Join("tails/audit/1", filepath.Base(path)), content)
	}
	heads, err := tr.r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger(tr.target).Restore(t.Context(), heads[0].ID, t.TempDir()); !errors.Is(err, backup.ErrForged) {
		t.Errorf("error %v", err)
	}
}

// TestAFollowedTrailIsRestoredAsItWas appends, truncates, copies and takes
// snapshots at will. What is restored is what was there when it was last
// copied.
func TestAFollowedTrailIsRestoredAsItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tr := newTrail(t)
		tr.target = newMemory()
		tr.r.Target = tr.target
		tr.append(t, "1", "")
		f := tr.follow(t)
		want := ""
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			path := filepath.Join(tr.dir, "1")
			switch rapid.SampledFrom([]string{"append", "copy", "cut", "snapshot"}).Draw(rt, "step") {
			case "append":
				tr.append(t, "1", rapid.StringMatching(`[a-z]{1,5}`).Draw(rt, "text"))
				continue
			case "cut":
				text, _ := os.ReadFile(path)
				if err := os.Truncate(path, int64(rapid.IntRange(len(want)/2, len(text)).Draw(rt, "to"))); err != nil {
					rt.Fatal(err)
				}
				f = tr.follow(t)
			case "snapshot":
				f = tr.follow(t)
			case "copy":
				if err := f.Copy(t.Context()); err != nil {
					rt.Fatal(err)
				}
			}
			text, _ := os.ReadFile(path)
			want = string(text)
		}
		if got := tr.restored(t, "1")[0]; got != want {
			rt.Fatalf("restored %q, want %q", got, want)
		}
	})
}
