package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

var (
	// binary is the odordiff under test, and repository the checkout's root.
	binary, repository string
	// keys is a fresh keyring, which gateways begin with.
	keys []byte
	// whole is what lasts as long as all tests together.
	whole *suite
)

func TestMain(m *testing.M) {
	os.Exit(inDirectory(m.Run))
}

// inDirectory runs the tests with a directory for what they share.
func inDirectory(tests func() int) (code int) {
	dir, err := os.MkdirTemp("", "odordiff-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if err := prepare(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	whole = &suite{dir: dir}
	code = tests()
	return max(code, whole.end())
}

// prepare builds the binary and makes a keyring.
func prepare(dir string) error {
	var err error
	if repository, err = filepath.Abs("../.."); err != nil {
		return err
	}
	binary = filepath.Join(dir, "odordiff")
	// Symbols for debuggers take the linker half of its time.
	args := []string{"build", "-ldflags=-s -w", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "./cmd/odordiff")...)
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the binary: %w\n%s", err, out)
	}
	file := filepath.Join(dir, "keyring.json")
	if out, err := exec.Command(binary, "keyring", "init", "--file", file).CombinedOutput(); err != nil {
		return fmt.Errorf("making a keyring: %w\n%s", err, out)
	}
	keys, err = os.ReadFile(file)
	return err
}

// suite stands for all tests where something outlives the test that starts it.
type suite struct {
	testing.TB // nothing of it but what is below
	dir        string
	cleanups   []func()
	failed     bool
}

// end does what was left for the end and returns the exit code.
func (s *suite) end() int {
	for _, cleanup := range slices.Backward(s.cleanups) {
		cleanup()
	}
	if s.failed {
		return 1
	}
	return 0
}

func (s *suite) Helper()           {}
func (s *suite) Cleanup(f func())  { s.cleanups = append(s.cleanups, f) }
func (s *suite) Failed() bool      { return s.failed }
func (s *suite) Log(args ...any)   { fmt.Fprintln(os.Stderr, args...) }
func (s *suite) Error(args ...any) { s.failed = true; s.Log(args...) }

func (s *suite) Logf(format string, args ...any)   { s.Log(fmt.Sprintf(format, args...)) }
func (s *suite) Errorf(format string, args ...any) { s.Error(fmt.Sprintf(format, args...)) }
func (s *suite) Fatalf(format string, args ...any) { s.Fatal(fmt.Sprintf(format, args...)) }

// Fatal ends the goroutine, which must not be a test's.
func (s *suite) Fatal(args ...any) {
	s.Error(args...)
	runtime.Goexit()
}

func (s *suite) TempDir() string {
	dir, err := os.MkdirTemp(s.dir, "")
	if err != nil {
		s.Fatal(err)
	}
	return dir
}
