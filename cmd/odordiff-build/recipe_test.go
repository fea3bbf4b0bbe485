package main

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const repository = "../.."

func TestTheRecipeBuildsTheCaddyOfGoMod(t *testing.T) {
	recipe := shipped(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "github.com/caddyserver/caddy/v2")
	cmd.Dir = repository
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(out)); recipe.Caddy != want {
		t.Errorf("xcaddy.toml has Caddy %s, go.mod has %s", recipe.Caddy, want)
	}
}

func TestTheRecipeNamesTheModulesOfTheReleasedBinary(t *testing.T) {
	var want []string
	for _, path := range blankImports(t, filepath.Join(repository, "cmd/odordiff")) {
		// xcaddy adds it itself.
		if path != "github.com/caddyserver/caddy/v2/modules/standard" {
			want = append(want, path)
		}
	}
	var got []string
	for _, m := range shipped(t).Modules {
		got = append(got, m.Package)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("xcaddy.toml builds %v, cmd/odordiff imports %v", got, want)
	}
}

func TestTheOneImportRegistersEveryModulePackage(t *testing.T) {
	const (
		parent   = "caddymodule"
		forTests = "edgetest" // its listener wrapper is for tests alone
	)
	directories, err := os.ReadDir(filepath.Join(repository, parent))
	if err != nil {
		t.Fatal(err)
	}
	imported := blankImports(t, filepath.Join(repository, parent))
	for _, directory := range directories {
		path := "github.com/odordiff/odordiff/" + parent + "/" + directory.Name()
		if directory.IsDir() && directory.Name() != forTests && registers(t, filepath.Join(repository, parent, directory.Name())) && !slices.Contains(imported, path) {
			t.Errorf("%s registers a Caddy module and is not imported by %s", path, parent)
		}
	}
}

func TestTheRecipeIsUnderstoodAsWritten(t *testing.T) {
	dir := t.TempDir()
	recipe := read(t, dir, `
caddy = "v2.11.9"
output = "out/caddy"
tags = ["a", "b"]
[[module]]
package = "example.org/local/caddy"
[[module]]
package = "example.org/remote"
version = "v1.2.3"
[replace]
"example.org/local" = "src"
`)
	b := recipe.builder()
	if recipe.Output != filepath.Join(dir, "out/caddy") {
		t.Errorf("output = %s", recipe.Output)
	}
	if b.CaddyVersion != "v2.11.9" || !strings.HasSuffix(b.BuildFlags, " -tags a,b") {
		t.Errorf("Caddy %s with %s", b.CaddyVersion, b.BuildFlags)
	}
	if len(b.Plugins) != 2 || b.Plugins[0].String() != "example.org/local/caddy" || b.Plugins[1].String() != "example.org/remote@v1.2.3" {
		t.Errorf("plugins = %v", b.Plugins)
	}
	if len(b.Replacements) != 1 || b.Replacements[0].New.String() != filepath.Join(dir, "src") {
		t.Errorf("replacements = %v", b.Replacements)
	}
}

func TestAFaultyRecipeIsRefusedWithAReason(t *testing.T) {
	const good = "caddy = \"v2.11.9\"\noutput = \"bin/caddy\"\n[[module]]\npackage = \"example.org/m\"\nversion = \"v1.0.0\"\n"
	read(t, t.TempDir(), good)
	for _, tc := range []struct{ name, recipe, want string }{
		{"not TOML", "caddy = ", "reading"},
		{"no Caddy", strings.Replace(good, `"v2.11.9"`, `""`, 1), "caddy = "},
		{"latest Caddy", strings.Replace(good, `"v2.11.9"`, `"latest"`, 1), `want a version such as`},
		{"no output", strings.Replace(good, `"bin/caddy"`, `""`, 1), "output is missing"},
		{"no modules", "caddy = \"v2.11.9\"\noutput = \"caddy\"\n", "no [[module]]"},
		{"a module without package", strings.Replace(good, `"example.org/m"`, `""`, 1), "lacks its package"},
		{"a module without version", strings.Replace(good, `"v1.0.0"`, `""`, 1), "version is missing"},
		{"a version that would be ignored", good + "[replace]\n\"example.org/m\" = \".\"\n", "would be ignored"},
		{"a misspelt key", "tag = [\"x\"]\n" + good, `unknown key "tag"`},
		{"a misspelt key of a module", good + "verion = \"v1\"\n", `unknown key "module.verion"`},
		{"two tags in one", "tags = [\"a b\"]\n" + good, "not one build tag"},
		{"a number for a version", strings.Replace(good, `"v1.0.0"`, `1`, 1), "version"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := readRecipe(write(t, t.TempDir(), tc.recipe))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
		})
	}
	if _, err := readRecipe(filepath.Join(t.TempDir(), "none.toml")); err == nil {
		t.Error("a recipe that is not there was read")
	}
}

func TestReplacedModulesAreLookedForInTheDirectoryAlone(t *testing.T) {
	recipe := read(t, t.TempDir(), `
caddy = "v2.11.9"
output = "caddy"
[[module]]
package = "example.invalid/Local/caddy"
[[module]]
package = "example.net/remote"
version = "v1.0.0"
[replace]
"example.invalid/Local" = "."
`)
	dir := t.TempDir()
	url, err := recipe.shadow(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "example.net")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a module that no directory replaces is shadowed: %v", err)
	}
	// Go asks a module's versions; only the shadow can answer for a host that does
	// not exist.
	for _, module := range []string{"example.invalid", "example.invalid/Local", "example.invalid/Local/caddy"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-versions", "-f", "{{.Path}} {{.Versions}}", module)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "GOPROXY="+url+",off", "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != module+" []\n" {
			t.Errorf("%s: %q, %v", module, out, err)
		}
	}
}

func shipped(t *testing.T) *recipe {
	t.Helper()
	recipe, err := readRecipe(filepath.Join(repository, "xcaddy.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return recipe
}

func read(t *testing.T, dir, content string) *recipe {
	t.Helper()
	recipe, err := readRecipe(write(t, dir, content))
	if err != nil {
		t.Fatal(err)
	}
	return recipe
}

func write(t *testing.T, dir, content string) string {
	t.Helper()
	file := filepath.Join(dir, "xcaddy.toml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// blankImports returns what a directory's Go files import for its effects
// alone, sorted.
func blankImports(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	for _, file := range goFiles(t, dir) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Name != nil && spec.Name.Name == "_" && strings.Contains(path, ".") && path != "embed" {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// registers reports whether a directory's Go files register a Caddy module.
func registers(t *testing.T, dir string) bool {
	t.Helper()
	return slices.ContainsFunc(goFiles(t, dir), func(file string) bool {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(source), "caddy.RegisterModule(")
	})
}

func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
}
