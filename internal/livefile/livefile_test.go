package livefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBad = errors.New("bad content")

// text is the content itself, unless it says "bad".
func text(content []byte, _ fs.FileMode) (string, error) {
	if string(content) == "bad" {
		return "", errBad
	}
	return string(content), nil
}

// follow opens the file and returns it with the channel of its reports.
func follow(t *testing.T, path string, poll time.Duration) (*File[string], <-chan error) {
	t.Helper()
	reports := make(chan error, 16)
	f, err := Open(path, text, Options{Poll: poll, Report: func(err error) { reports <- err }})
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return f, reports
}

func next(t *testing.T, reports <-chan error) error {
	t.Helper()
	select {
	case err := <-reports:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the change was not noticed")
		return nil
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, f *File[string], want string) {
	t.Helper()
	if got, _ := f.Value(); got != want {
		t.Errorf("value is %q, want %q", got, want)
	}
}

func TestFollowsAnEditInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	f, reports := follow(t, path, time.Hour)
	expect(t, f, "one")
	_, before := f.Value()
	write(t, path, "two")
	// A write truncates first, which may be noticed as a change of its own.
	for got := ""; got != "two"; got, _ = f.Value() {
		if err := next(t, reports); err != nil {
			t.Fatalf("report: %v", err)
		}
	}
	if _, after := f.Value(); after == before {
		t.Error("the revision did not change with the value")
	}
}

func TestFollowsAnAtomicRename(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, "one")
	f, reports := follow(t, path, time.Hour)
	// the second rename shows that the watch outlived the first
	for _, content := range []string{"two", "three"} {
		write(t, filepath.Join(dir, "new"), content)
		if err := os.Rename(filepath.Join(dir, "new"), path); err != nil {
			t.Fatal(err)
		}
		if err := next(t, reports); err != nil {
			t.Fatalf("report: %v", err)
		}
		expect(t, f, content)
	}
}

func TestFollowsTheSymlinkSwapOfAMountedSecret(t *testing.T) {
	dir := t.TempDir()
	place := func(version, content string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, version, "file"), content)
		if err := os.Symlink(version, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	place("..2026_01", "one")
	path := filepath.Join(dir, "file")
	if err := os.Symlink(filepath.Join("..data", "file"), path); err != nil {
		t.Fatal(err)
	}
	f, reports := follow(t, path, time.Hour)
	expect(t, f, "one")
	place("..2026_02", "two")
	if err := next(t, reports); err != nil {
		t.Fatalf("report: %v", err)
	}
	expect(t, f, "two")
}

func TestPollFindsAChangeBehindASymlinkElsewhere(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	write(t, target, "one")
	path := filepath.Join(t.TempDir(), "file")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	f, reports := follow(t, path, 5*time.Millisecond)
	write(t, target, "two")
	for got := ""; got != "two"; got, _ = f.Value() {
		if err := next(t, reports); err != nil {
			t.Fatalf("report: %v", err)
		}
	}
}

func TestPollFindsTheFileInAReplacedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "directory")
	path := filepath.Join(dir, "file")
	mkdir := func() {
		t.Helper()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mkdir()
	write(t, path, "one")
	f, reports := follow(t, path, 5*time.Millisecond)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := next(t, reports); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("report is %v, want that the file is missing", err)
	}
	expect(t, f, "one")
	mkdir()
	write(t, path, "two")
	for got := ""; got != "two"; got, _ = f.Value() {
		if err := next(t, reports); err != nil {
			t.Fatalf("report: %v", err)
		}
	}
}

func TestAnErrorOfTheWatcherIsTakenAndTheFileRead(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	write(t, target, "one")
	path := filepath.Join(t.TempDir(), "file")
	// so that no event tells of a change
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	f, reports := follow(t, path, time.Hour)
	for _, content := range []string{"two", "three"} {
		write(t, target, content)
		select {
		case f.watcher.Errors <- fsnotify.ErrEventOverflow:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody takes the watcher's errors")
		}
		if err := next(t, reports); err != nil {
			t.Fatalf("report: %v", err)
		}
		expect(t, f, content)
	}
}

func TestBadContentLeavesTheLastGoodValue(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, "one")
	f, reports := follow(t, path, time.Hour)
	replace := func(content string) error {
		t.Helper()
		write(t, filepath.Join(dir, "new"), content)
		if err := os.Rename(filepath.Join(dir, "new"), path); err != nil {
			t.Fatal(err)
		}
		return next(t, reports)
	}
	if err := replace("bad"); !errors.Is(err, errBad) {
		t.Fatalf("report is %v, want %v", err, errBad)
	}
	expect(t, f, "one")
	if err := f.LastError(); !errors.Is(err, errBad) || !strings.Contains(err.Error(), path) {
		t.Errorf("last error is %v, want the file's name and the cause", err)
	}
	if err := replace("two"); err != nil {
		t.Fatalf("report: %v", err)
	}
	expect(t, f, "two")
	if err := f.LastError(); err != nil {
		t.Errorf("last error is %v after a good content", err)
	}
}

func TestAnUnchangedFileIsNotReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	f, err := Open(path, text, Options{Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil { // so that only this test refreshes
		t.Fatal(err)
	}
	if changed, err := f.refresh(); changed || err != nil {
		t.Errorf("refresh of the same content: changed %v, error %v", changed, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if changed, _ := f.refresh(); !changed {
		t.Error("a changed mode was not noticed: parsers judge it")
	}
}

func TestAPipeInTheFilesPlaceHangsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	f, reports := follow(t, path, time.Hour)
	pipe := path + ".pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(pipe, path); err != nil {
		t.Fatal(err)
	}
	if err := next(t, reports); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("report is %v, want that it is not a regular file", err)
	}
	expect(t, f, "one") // and follow closes it
}

func TestModifiedIsThatOfTheContentInForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	f, err := Open(path, text, Options{Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil { // so that only this test refreshes
		t.Fatal(err)
	}
	first := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	at := func(content string, modified time.Time) {
		t.Helper()
		write(t, path, content)
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
		_, _ = f.refresh()
	}
	for _, step := range []struct {
		name, content  string
		modified, want time.Time
	}{
		{"the same content, written anew", "one", first, first},
		{"a broken content", "bad", first.Add(time.Hour), first},
		{"the broken content, written anew", "bad", first.Add(2 * time.Hour), first},
		{"a good content", "two", first.Add(3 * time.Hour), first.Add(3 * time.Hour)},
	} {
		at(step.content, step.modified)
		if got := f.Modified(); !got.Equal(step.want) {
			t.Errorf("after %s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	bad, huge, pipe := filepath.Join(dir, "bad"), filepath.Join(dir, "huge"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, bad, "bad")
	write(t, huge, strings.Repeat("x", MaxSize+1))
	for name, path := range map[string]string{
		"a missing file": filepath.Join(dir, "missing"), "a directory": dir, "bad content": bad, "a file without end": huge, "a pipe": pipe,
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(path, text, Options{})
			if err == nil {
				_ = f.Close()
				t.Fatal("opened")
			}
			if !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("error %q does not begin with the path", err)
			}
		})
	}
}
