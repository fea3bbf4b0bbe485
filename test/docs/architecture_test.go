package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pathPattern matches a code span that is a path of this repository.
var pathPattern = regexp.MustCompile("`((?:cmd|caddymodule|internal|inference|policies|bench|test|docs)(?:/[A-Za-z0-9_.-]+)*/?)`")

func TestTheArchitectureNamesEachPackageAndOnlyWhatExists(t *testing.T) {
	found := map[string]int{}
	for _, match := range pathPattern.FindAllStringSubmatch(read(t, "docs/internals/architecture.md"), -1) {
		path := match[1]
		found[path]++
		if _, err := os.Stat(filepath.Join(repository, path)); err != nil {
			t.Errorf("there is no %s", path)
		}
		if filepath.Ext(path) != "" && found[path] == 2 {
			t.Errorf("%s is named twice", path)
		}
	}
	for _, name := range packages(t) {
		if found[name] == 0 {
			t.Errorf("the page does not name the package %s", name)
		}
	}
}

// packages returns the directories that hold Go sources other than tests.
func packages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, top := range []string{"cmd", "caddymodule", "internal", "inference"} {
		err := filepath.WalkDir(filepath.Join(repository, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(repository, filepath.Dir(path))
			if err == nil && !slices.Contains(found, filepath.ToSlash(name)) {
				found = append(found, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 30 {
		t.Fatalf("found only %v", found)
	}
	return found
}
