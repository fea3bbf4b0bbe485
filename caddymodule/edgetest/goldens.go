package edgetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddytest"
)

// Goldens adapts the Caddyfile of each *.caddyfiletest file in the directory,
// and compares the result with the JSON that follows it after a line of
// ----------.
func Goldens(t *testing.T, directory string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.caddyfiletest"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens in %s: %v", directory, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			config, want, found := strings.Cut(string(golden), "\n----------\n")
			if !found {
				t.Fatal("there is no JSON below a line of ----------")
			}
			caddytest.AssertAdapt(t, config+"\n", "caddyfile", strings.TrimSpace(want))
		})
	}
}
