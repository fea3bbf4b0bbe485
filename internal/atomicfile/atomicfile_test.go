package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

func expect(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("content %q, %v; want %q", got, err, content)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != mode {
		t.Errorf("mode %v, want %v", info.Mode(), mode)
	}
	if beside, err := os.ReadDir(filepath.Dir(path)); err != nil || len(beside) != 1 {
		t.Errorf("beside it lies %v, %v", beside, err)
	}
}

func TestCreateLeavesAFileThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := atomicfile.Create(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Create(path, []byte("two"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want that it exists", err)
	}
	expect(t, path, "one", 0o600)
}

func TestReplaceTakesTheFilesPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"one", "two"} {
		if err := atomicfile.Replace(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		expect(t, path, content, 0o666)
	}
}

func TestAFailureLeavesTheFileAsItWas(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "directory")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(directory, []byte("content"), 0o600); err == nil {
		t.Error("a directory was replaced")
	}
	if beside, err := os.ReadDir(filepath.Dir(directory)); err != nil || len(beside) != 1 {
		t.Errorf("beside it lies %v, %v", beside, err)
	}
}

// A directory that cannot be read cannot be synced.
func TestAFileIsNotSafeUntilItsNameIs(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "directory")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(directory, 0o333); err != nil { //nolint:gosec // anybody may write, nobody may read
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // Root may read it, so be nobody.
		runtime.LockOSThread() // The thread ends with the test.
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := syscall.Setfsuid(0); err != nil {
				t.Error(err)
			}
		})
	}
	if err := atomicfile.Create(filepath.Join(directory, "file"), nil, 0o600); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want that the directory could not be synced", err)
	}
}
