package promptpolicy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	ServeTrial()
	goleak.VerifyTestMain(m)
}

// ample is a timeout for tests that are not about time.
const ample = 5 * time.Second

// allowing is the smallest policy that is admitted.
const allowing = `package gate

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": []} if input.complete
`

// denying always refuses.
const denying = `package gate

decision := {
	"allow": false,
	"status": 403,
	"reasons": [{"id": "never", "message": "No.", "severity": "low"}],
	"obligations": [],
	"labels": [],
}
`

// write puts files into a directory; an empty content removes one.
func write(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if content == "" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func snapshot(t testing.TB, files map[string]string) *Snapshot {
	t.Helper()
	snap, err := ReadSnapshot(write(t, t.TempDir(), files))
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func admit(t testing.TB, files map[string]string) (*Policy, error) {
	t.Helper()
	return Admit(t.Context(), snapshot(t, files), Conditions{Timeout: ample})
}

func compiled(t testing.TB, files map[string]string) *Policy {
	t.Helper()
	p, err := Compile(t.Context(), snapshot(t, files), ample)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantError(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want one with %q", err, want)
	}
}
