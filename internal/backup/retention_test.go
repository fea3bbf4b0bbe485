package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/backup"
)

func TestARetentionIsRead(t *testing.T) {
	for text, want := range map[string]backup.Keep{
		"last 3":                         {Last: 3},
		"hourly 24, daily 7":             {Hourly: 24, Daily: 7},
		" weekly  4 ,monthly 12,daily 0": {Weekly: 4, Monthly: 12},
	} {
		if got, err := backup.ParseKeep(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "last", "last x", "last -1", "yearly 1", "last 0", "last 1 2", "last 1,"} {
		if got, err := backup.ParseKeep(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestPruneKeepsTheLastOfEachPeriod takes a snapshot every half hour for three
// days.
func TestPruneKeepsTheLastOfEachPeriod(t *testing.T) {
	r, dir := machine(t, open(t, t.TempDir())), t.TempDir()
	write(t, dir, "keyring.json", []byte("x"))
	begin := time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC) // a Monday
	at := begin
	r.Now = func() time.Time { return at }
	for range 3 * 48 {
		take(t, r, dir)
		at = at.Add(30 * time.Minute)
	}
	pruned, err := r.Prune(t.Context(), backup.Keep{Last: 2, Hourly: 3, Daily: 5, Weekly: 2, Monthly: 2})
	if err != nil {
		t.Fatal(err)
	}
	heads, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, head := range heads {
		got = append(got, head.Time.Format("02 15:04"))
	}
	want := []string{"30 23:30", "31 23:30", "01 21:30", "01 22:30", "01 23:00", "01 23:30"}
	if !slices.Equal(got, want) || pruned.Snapshots != 3*48-len(want) {
		t.Errorf("kept %q, want %q; pruned %+v", got, want, pruned)
	}
}

func TestPruneRemovesOnlyWhatNoSnapshotNeeds(t *testing.T) {
	target := t.TempDir()
	r, dir := machine(t, open(t, target)), t.TempDir()
	var last *backup.Result
	for i := range 5 {
		write(t, dir, "keyring.json", fmt.Append(nil, "keyring ", i))
		write(t, dir, "policies/same", []byte("the same"))
		last = take(t, r, dir)
	}
	if pruned, err := r.Prune(t.Context(), backup.Keep{Last: 1}); err != nil || pruned.Objects != 0 {
		t.Errorf("young objects were pruned: %+v, %v", pruned, err)
	}
	r.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	pruned, err := r.Prune(t.Context(), backup.Keep{Last: 1})
	if err != nil || pruned.Objects != 4 {
		t.Errorf("pruned %+v, %v; want 4 objects", pruned, err)
	}
	if _, err := stranger(open(t, target)).Restore(t.Context(), last.ID, t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestPruneRemovesNothingWhereItCannotReadASnapshot(t *testing.T) {
	target := t.TempDir()
	r, dir := machine(t, open(t, target)), state(t)
	take(t, r, dir)
	take(t, r, dir)
	for _, path := range paths(t, target, "snapshots/*") {
		edit(t, path, flip(10))
	}
	before := len(files(t, target))
	r.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, err := r.Prune(t.Context(), backup.Keep{Last: 1}); err == nil {
		t.Error("no error")
	}
	if after := len(files(t, target)); after != before {
		t.Errorf("%d of %d files are left", after, before)
	}
}

func TestPruneKeepsWhatTheSnapshotOfAnotherMachineNeeds(t *testing.T) {
	target, dir := newMemory(), state(t)
	other := take(t, machine(t, target), dir)
	r := machine(t, target)
	r.Signer = r.Key.Signer()
	take(t, r, dir)
	r.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, err := r.Prune(t.Context(), backup.Keep{Last: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := stranger(target).Restore(t.Context(), other.ID, t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestEverythingThatIsKeptCanBeRestored takes, prunes and changes at will.
func TestEverythingThatIsKeptCanBeRestored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		target := newMemory()
		r, dir := machine(t, target), t.TempDir()
		at := time.Now().Add(1000 * time.Hour) // later than the files' own times
		r.Now = func() time.Time { return at }
		contents := map[string]string{}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(1, 5000).Draw(rt, "minutes")) * time.Minute)
			if rapid.Bool().Draw(rt, "prune") {
				keep := backup.Keep{Last: rapid.IntRange(0, 3).Draw(rt, "last"), Daily: rapid.IntRange(0, 3).Draw(rt, "daily")}
				if _, err := r.Prune(t.Context(), keep); err != nil {
					rt.Fatal(err)
				}
				continue
			}
			content := rapid.StringMatching(`[ab]{1,3}`).Draw(rt, "content")
			write(t, dir, "keyring.json", []byte(content))
			contents[take(t, r, dir).ID] = content
		}
		heads, err := r.List(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		if len(contents) > 0 && len(heads) == 0 {
			rt.Fatal("nothing was kept")
		}
		for _, head := range heads {
			to := t.TempDir()
			if _, err := stranger(target).Restore(t.Context(), head.ID, to); err != nil {
				rt.Fatal(err)
			}
			if got, _ := os.ReadFile(filepath.Join(to, "keyring.json")); string(got) != contents[head.ID] {
				rt.Fatalf("restored %q, want %q", got, contents[head.ID])
			}
		}
	})
}
