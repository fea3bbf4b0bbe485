// Package tree holds the rules of this repository's own source: which way
// imports point, how long functions are, and how comments are written.
package tree

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/odordiff/odordiff"
	root   = "../.."
)

// source is a parsed Go file.
type source struct {
	*ast.File
	path  string // from the repository's root, with slashes
	lines *token.File
}

// directory is the path's first part, or "." for a file at the root.
func (s source) directory() string { return top(path.Dir(s.path)) }

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// at names a place in the file.
func (s source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.lines.Line(pos))
}

// sources returns every Go file of the repository.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var parsed = sync.OnceValues(func() (all []source, err error) {
	files := token.NewFileSet()
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && skipped(entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		all = append(all, source{file, filepath.ToSlash(relative), files.File(file.FileStart)})
		return nil
	})
	return all, err
})

// skipped reports whether a directory holds nothing of the repository's own.
func skipped(directory string) bool {
	switch directory {
	case ".git", "bin", "node_modules", "testdata", "shared":
		return true
	}
	return false
}

// below is what each layer may import of the module, beside its own directory.
// Whoever proves the whole, in bench and test, sees all of it.
var below = map[string][]string{
	".":           {},
	"internal":    {},
	"caddymodule": {"internal"},
	"inference":   {"internal"},
	"cmd":         {"internal", "caddymodule", "inference", "."},
}

func TestImportsPointDownwards(t *testing.T) {
	for _, file := range sources(t) {
		from := file.directory()
		allowed, layered := below[from]
		if !layered {
			continue
		}
		for _, imported := range imports(t, file) {
			relative, inside := within(imported.path, module)
			if to := top(relative); inside && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s: %s imports %s: move what it needs down to a layer that it may see: %v", file.at(imported.pos), from, imported.path, allowed)
			}
		}
	}
}

// keepers are the directories that may import a module of others that the rest
// may not.
var keepers = []struct {
	module      string
	directories []string
	tests       bool // may import it anywhere
	why         string
}{
	{"github.com/caddyserver/caddy", []string{"caddymodule", "cmd", "bench", "test"}, false, "engines are tested without Caddy; the adapters in caddymodule know it"},
	{"github.com/lestrrat-go/jwx", []string{"internal/token"}, true, "internal/token is the only place that handles JOSE"},
}

func TestOnlyTheirKeepersImportCaddyAndJOSE(t *testing.T) {
	for _, file := range sources(t) {
		for _, imported := range imports(t, file) {
			for _, kept := range keepers {
				_, imports := within(imported.path, kept.module)
				if imports && !inOneOf(kept.directories, file.path) && (!kept.tests || !file.isTest()) {
					t.Errorf("%s imports %s: %s", file.at(imported.pos), imported.path, kept.why)
				}
			}
		}
	}
}

// longest is how many lines a function's body may have. The tables of tests are
// longer: they are data.
const longest = 60

func TestFunctionsFitAScreen(t *testing.T) {
	for _, file := range sources(t) {
		if file.isTest() {
			continue
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			body, ok := node.(*ast.BlockStmt)
			if !ok {
				return true
			}
			if lines := file.lines.Line(body.Rbrace) - file.lines.Line(body.Lbrace) - 1; lines > longest {
				t.Errorf("%s: this block has %d lines, more than %d: give a part of it a name", file.at(body.Lbrace), lines, longest)
			}
			return false // its own blocks are shorter
		})
	}
}

// imported is a path that a file imports, and where.
type imported struct {
	path string
	pos  token.Pos
}

func imports(t *testing.T, file source) []imported {
	t.Helper()
	var all []imported
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", file.at(spec.Pos()), err)
		}
		all = append(all, imported{name, spec.Pos()})
	}
	return all
}

// within returns the rest of a path below a directory, "." if it is the
// directory.
func within(name, directory string) (rest string, ok bool) {
	if name == directory {
		return ".", true
	}
	return strings.CutPrefix(name, directory+"/")
}

// inOneOf reports whether a path is in one of the directories.
func inOneOf(directories []string, name string) bool {
	for _, directory := range directories {
		if _, ok := within(name, directory); ok {
			return true
		}
	}
	return false
}

func top(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}
