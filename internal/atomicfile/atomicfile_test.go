package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
