package store

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// mounted returns a directory that is a file system of its own, of a few bytes.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting needs more rights: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until it fails, and returns how many writes were acknowledged.
func fill(t *testing.T, s *Store, from int) (acknowledged int, err error) {
	t.Helper()
	for i := from; i < from+10_000; i++ {
		if err := s.Write(t.Context(), statement("INSERT INTO notes VALUES (?, ?)", i, bytes.Repeat([]byte{1}, 10_000))); err != nil {
			return i, err
		}
	}
	t.Fatal("there is still room")
	return 0, nil
}

func TestAFullDiskKeepsWhatWasAcknowledged(t *testing.T) {
	dir := mounted(t, "size=1m")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "records.db"), nil)
	n, err := fill(t, s, 0)
	wantReason(t, err, Full)
	if !strings.Contains(err.Error(), s.Path()) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("the error %q does not name the file and the cure", err)
	}
	wantReason(t, s.Trouble(), Full)
	if got := notes(t, s); len(got) != n || n == 0 {
		t.Errorf("%d notes of %d acknowledged", len(got), n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), note(n)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.Trouble(); err != nil {
		t.Errorf("the trouble is over, but stands: %v", err)
	}
}

func TestTheBoundOnTheSizeIsLikeAFullDisk(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.MaxSize = 400_000 })
	n, err := fill(t, s, 0)
	wantReason(t, err, Full)
	if got := notes(t, s); len(got) != n || n == 0 {
		t.Errorf("%d notes of %d acknowledged", len(got), n)
	}
}

func TestAnotherProgramThatHoldsTheFileIsWaitedForAndNamed(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.Busy = 10 * time.Millisecond })
	other, err := sql.Open("sqlite", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	wantReason(t, s.Write(t.Context(), note(1)), Busy)
	if got := s.Stats(); got.Busy != 1 || got.Faults != 1 {
		t.Errorf("%+v", got)
	}
	if got := notes(t, s); len(got) != 0 {
		t.Errorf("reads are not kept waiting, but got %v", got)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), note(1)); err != nil {
		t.Errorf("the other is done, but %v", err)
	}
}

func TestAFileThatIsDeletedIsNotWrittenToAnyMore(t *testing.T) {
	s := open(t, fresh(t), nil)
	moved := s.Path() + ".old"
	if err := os.Rename(s.Path(), moved); err != nil {
		t.Fatal(err)
	}
	wantReason(t, s.Write(t.Context(), note(1)), Moved)
	if err := os.Rename(moved, s.Path()); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), note(1)); err != nil {
		t.Errorf("the file is back, but %v", err)
	}
}

func TestWhatIsNoStoreOfOursIsLeftAlone(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	other, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec("CREATE TABLE theirs (x)"); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, foreign} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Open(t.Context(), Config{Path: path})
		wantReason(t, err, Foreign)
		if after, err := os.ReadFile(path); err != nil || path == text && !bytes.Equal(before, after) {
			t.Errorf("%s: %v, or it was changed", path, err)
		}
	}
}

func TestADamagedFileIsFoundAtTheStart(t *testing.T) {
	s := open(t, fresh(t), nil)
	for i := range 200 {
		if err := s.Write(t.Context(), statement("INSERT INTO notes VALUES (?, ?)", i, make([]byte, 1000))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	copy(content[len(content)/2:], bytes.Repeat([]byte("damage"), 3000))
	if err := os.WriteFile(s.Path(), content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Config{Path: s.Path()})
	wantReason(t, err, Corrupt)
}

// A write that goes well may touch another part of the file.
func TestWhatAWriteDoesNotDisproveStands(t *testing.T) {
	for reason, stands := range map[Reason]bool{Corrupt: true, Foreign: true, Failing: true, Full: false, Busy: false, Moved: false} {
		s := open(t, fresh(t), nil)
		err := s.Read(t.Context(), func(*Tx) error { return s.fault(reason, nil) })
		wantReason(t, err, reason)
		wantReason(t, s.Trouble(), reason)
		if err := s.Write(t.Context(), note(1)); err != nil {
			t.Fatal(err)
		}
		if got := s.Trouble() != nil; got != stands {
			t.Errorf("%s: after a write %v stands", reason, s.Trouble())
		}
	}
}

func TestMigrations(t *testing.T) {
	first := &fstest.MapFile{Data: []byte("CREATE TABLE one (x INTEGER) STRICT")}
	edited := &fstest.MapFile{Data: []byte("CREATE TABLE one (x TEXT) STRICT")}
	second := &fstest.MapFile{Data: []byte("CREATE TABLE two (x INTEGER) STRICT; INSERT INTO two VALUES (1)")}
	broken := &fstest.MapFile{Data: []byte("CREATE TABLE two (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)")}
	old := fstest.MapFS{"0001_one.sql": first}
	both := fstest.MapFS{"0001_one.sql": first, "0002_two.sql": second}
	for name, c := range map[string]struct {
		then, now fstest.MapFS
		want      Reason // empty for none
		fails     bool
	}{
		"the same again":     {both, both, "", false},
		"a step more":        {old, both, "", false},
		"a newer file":       {both, old, Future, true},
		"an edited step":     {old, fstest.MapFS{"0001_one.sql": edited}, Changed, true},
		"a step that fails":  {old, fstest.MapFS{"0001_one.sql": first, "0002_two.sql": broken}, "", true},
		"a number is absent": {old, fstest.MapFS{"0001_one.sql": first, "0003_two.sql": second}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			path := fresh(t)
			s, err := Open(t.Context(), Config{Path: path, migrations: c.then})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, err = Open(t.Context(), Config{Path: path, migrations: c.now})
			if (err != nil) != c.fails {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				s.Close()
			} else if c.want != "" {
				wantReason(t, err, c.want)
			}
			// a step that fails leaves nothing behind
			if c.fails {
				if s, err = Open(t.Context(), Config{Path: path, migrations: c.then}); err != nil {
					t.Fatalf("the file was changed: %v", err)
				}
				s.Close()
			}
		})
	}
}
