package tree

import (
	"go/ast"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is how wide a line with a comment may be; a tab counts as one.
const columns = 80

func TestCommentsFitTheirColumns(t *testing.T) {
	for _, file := range sources(t) {
		text, err := os.ReadFile(root + "/" + file.path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		eachCommentLine(file, func(comment string, number int) {
			width := utf8.RuneCountInString(lines[number-1])
			if width > columns && !unwrappable(comment) {
				t.Errorf("%s:%d: %d columns, more than %d: wrap the comment, or put it above its line", file.path, number, width, columns)
			}
		})
	}
}

// unwrappable reports whether a comment cannot be narrower: a directive, code
// that stands for itself, what an example prints, or a single word such as an
// address.
func unwrappable(comment string) bool {
	text, found := strings.CutPrefix(comment, "//")
	return found && !strings.HasPrefix(text, " ") || strings.HasPrefix(text, " Output:") || len(strings.Fields(text)) < 2
}

// cures are the words of which this repository has another, with that one.
var cures = map[string]string{
	"tells whether":   "reports whether",
	"returns whether": "reports whether",
	"says whether":    "reports whether",
	"behavior":        "behaviour",
	"canonicalize":    "canonicalise",
	"color":           "colour",
	"favor":           "favour",
	"neighbor":        "neighbour",
	"neighbors":       "neighbours",
	"normalize":       "normalise",
	"normalized":      "normalised",
	"recognize":       "recognise",
	"serialize":       "serialise",
	"tokenize":        "tokenise",
	"tokenized":       "tokenised",
	"tokenizer":       "tokeniser",
}

// word finds them where they are words of prose, not parts of a name.
var word = regexp.MustCompile(`(?i)(?:^|[^\w.` + "`" + `"])(` + strings.Join(slices.Sorted(maps.Keys(cures)), "|") + `)(?:$|[^\w(` + "`" + `"])`)

func TestOneWordIsUsedForOneThing(t *testing.T) {
	for _, file := range sources(t) {
		declared := names(file)
		eachCommentLine(file, func(comment string, number int) {
			for _, found := range word.FindAllStringSubmatch(comment, -1) {
				if !declared[found[1]] {
					t.Errorf("%s:%d: %q: write %q", file.path, number, found[1], cures[strings.ToLower(found[1])])
				}
			}
		})
	}
}

// names are the identifiers of a file: a comment may speak of them.
func names(file source) map[string]bool {
	all := map[string]bool{}
	ast.Inspect(file.File, func(node ast.Node) bool {
		if name, ok := node.(*ast.Ident); ok {
			all[name.Name] = true
		}
		return true
	})
	return all
}

// eachCommentLine calls a function with each line of each comment.
func eachCommentLine(file source, do func(comment string, number int)) {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			number := file.lines.Line(comment.Pos())
			for line := range strings.Lines(comment.Text) {
				do(strings.TrimSpace(line), number)
				number++
			}
		}
	}
}
