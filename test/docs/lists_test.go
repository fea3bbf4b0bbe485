package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/redisconn"
)

var (
	metricPattern   = regexp.MustCompile(`^(gate|inference|odordiff)_[a-z_]+$`)
	variablePattern = regexp.MustCompile(`^(ODORDIFF|OTEL|XDG)_[A-Z_]+$|^GO(GC|MEMLIMIT)$`)
	// rowPattern matches a name in the first cell of a table's row.
	rowPattern = regexp.MustCompile("(?m)^\\| `([A-Za-z_]+)(?:\\{[^}]*\\})?` \\|")
)

func TestThePageOfMetricsHasEachAndNoOther(t *testing.T) {
	want := literals(t, metricPattern, func(file *ast.File) bool {
		return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
			return spec.Path.Value == `"github.com/prometheus/client_golang/prometheus"`
		})
	})
	for _, prefix := range []string{"gate_redis", "inference_queue"} {
		delete(want, prefix) // it is no metric itself
		for _, name := range poolMetrics(prefix) {
			want[name] = true
		}
	}
	compare(t, "docs/operations/metrics.md", want)
}

// poolMetrics returns the names of a pool's metrics: no source spells them out.
func poolMetrics(prefix string) (names []string) {
	descriptions := make(chan *prometheus.Desc, 100)
	redisconn.NewMetrics(prefix).Describe(descriptions)
	close(descriptions)
	for description := range descriptions {
		names = append(names, regexp.MustCompile(prefix+"_[a-z_]+").FindString(description.String()))
	}
	return names
}

func TestThePageOfVariablesHasEachAndNoOther(t *testing.T) {
	want := literals(t, variablePattern, func(*ast.File) bool { return true })
	for _, name := range []string{"Caddyfile", "Dockerfile", "docker-compose.yaml"} {
		for _, word := range regexp.MustCompile(`[A-Z_]{4,}`).FindAllString(read(t, name), -1) {
			if variablePattern.MatchString(word) {
				want[word] = true
			}
		}
	}
	compare(t, "docs/operations/variables.md", want)
}

// compare holds the first cells of a page's tables to the names that are
// wanted.
func compare(t *testing.T, page string, want map[string]bool) {
	t.Helper()
	if len(want) < 10 {
		t.Fatalf("the sources name only %v", slices.Sorted(maps.Keys(want)))
	}
	got := map[string]bool{}
	for _, match := range rowPattern.FindAllStringSubmatch(read(t, page), -1) {
		if got[match[1]] {
			t.Errorf("%s names %s twice", page, match[1])
		}
		got[match[1]] = true
		if !want[match[1]] {
			t.Errorf("%s names %s, which no source knows", page, match[1])
		}
	}
	for name := range want {
		if !got[name] {
			t.Errorf("%s lacks %s", page, name)
		}
	}
}

// literals returns the texts in the sources of the program that match, of the
// files that are wanted.
func literals(t *testing.T, pattern *regexp.Regexp, wanted func(*ast.File) bool) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, directory := range []string{"cmd", "caddymodule", "internal", "inference"} {
		err := filepath.WalkDir(filepath.Join(repository, directory), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil || !wanted(file) {
				return err
			}
			for node := range ast.Preorder(file) {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil && pattern.MatchString(text) {
						found[text] = true
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
