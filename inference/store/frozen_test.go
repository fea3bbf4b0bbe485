package store

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/fstest"
)

// hinder makes that nothing can be written in a directory of its own file
// system, and returns how that ends.
var hinder = map[Reason]func(t *testing.T, dir string) (end func()){
	ReadOnly: func(t *testing.T, dir string) func() {
		remount := func(flags uintptr) {
			t.Helper()
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
				t.Fatal(err)
			}
		}
		remount(syscall.MS_RDONLY)
		return func() { remount(0) }
	},
	Full: func(t *testing.T, dir string) func() {
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 64<<20), 0o600); err == nil {
			t.Fatal("there is still room")
		}
		return func() {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}
	},
}

// filled leaves a store with one note in a directory, closed or as a process
// leaves it that is killed.
func filled(t *testing.T, dir string, killed bool) (path string) {
	t.Helper()
	s := open(t, fresh(t), nil)
	if err := s.Write(t.Context(), note(1)); err != nil {
		t.Fatal(err)
	}
	if !killed {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "records.db")
	for _, end := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(s.Path() + end)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+end, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestAStoreThatCannotBeWrittenIsRead(t *testing.T) {
	for reason, hinder := range hinder {
		for name, killed := range map[string]bool{"closed": false, "killed": true} {
			t.Run(string(reason)+", "+name, func(t *testing.T) {
				dir := mounted(t, "size=4m")
				path := filled(t, dir, killed)
				end := hinder(t, dir)
				s, err := Open(t.Context(), Config{Path: path})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for range 2 {
					if got := notes(t, s); !slices.Equal(got, []int{1}) {
						t.Errorf("notes %v", got)
					}
					if name == "closed" {
						wantReason(t, s.Trouble(), reason)
					}
					wantReason(t, s.Write(t.Context(), statement("INSERT INTO notes VALUES (2, ?)", make([]byte, 1<<20))), reason)
				}
				end()
				if err := s.Write(t.Context(), note(2)); err != nil {
					t.Fatal(err)
				}
				if got := notes(t, s); !slices.Equal(got, []int{1, 2}) || s.Trouble() != nil {
					t.Errorf("notes %v, %v", got, s.Trouble())
				}
			})
		}
	}
}

func TestAStoreThatLacksSomethingHasToBeWritten(t *testing.T) {
	old := fstest.MapFS{"0001_one.sql": {Data: []byte("CREATE TABLE one (x INTEGER) STRICT")}}
	for reason, hinder := range hinder {
		dir := mounted(t, "size=4m")
		path := filepath.Join(dir, "records.db")
		s, err := Open(t.Context(), Config{Path: path, migrations: old})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		end := hinder(t, dir)
		_, err = Open(t.Context(), Config{Path: path, migrations: fstest.MapFS{
			"0001_one.sql": old["0001_one.sql"],
			"0002_two.sql": {Data: []byte("CREATE TABLE two (x INTEGER) STRICT")},
		}})
		wantReason(t, err, reason)
		end()
	}
}

func TestNothingCanBeReadWhereNothingWasEverWritten(t *testing.T) {
	for reason, hinder := range hinder {
		dir := mounted(t, "size=4m")
		end := hinder(t, dir)
		_, err := Open(t.Context(), Config{Path: filepath.Join(dir, "records.db")})
		wantReason(t, err, reason)
		end()
	}
}
