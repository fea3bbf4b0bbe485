package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// directive is a line of a Caddyfile, with the block that it opens, if any.
type directive struct {
	line   string
	opens  bool
	within []directive
}

// name is the line's first word; the global options have none.
func (d directive) name() string {
	name, _, _ := strings.Cut(d.line, " ")
	return name
}

// only keeps of the block what the predicate picks.
func (d directive) only(keep func(directive) bool) directive {
	d.within = slices.DeleteFunc(slices.Clone(d.within), func(inner directive) bool { return !keep(inner) })
	return d
}

// with replaces the block.
func (d directive) with(within ...directive) directive {
	d.within = within
	return d
}

// parse reads a Caddyfile in the form of `caddy fmt`. Comments are left out.
func parse(t testing.TB, text string) []directive {
	t.Helper()
	lines := strings.Split(text, "\n")
	all, rest := parseBlock(lines)
	if len(rest) != 0 {
		t.Fatalf("the Caddyfile has a } too many, before %q", rest[0])
	}
	return all
}

var comment = regexp.MustCompile(`(^|\s)#.*`)

// parseBlock reads to the end of a block, and returns the lines after it.
func parseBlock(lines []string) (block []directive, rest []string) {
	for len(lines) > 0 {
		line := strings.TrimSpace(comment.ReplaceAllString(lines[0], ""))
		lines = lines[1:]
		switch {
		case line == "":
		case line == "}":
			return block, lines
		case line == "{" || strings.HasSuffix(line, " {"): // "{" opens global options
			d := directive{line: strings.TrimSpace(strings.TrimSuffix(line, "{")), opens: true}
			d.within, lines = parseBlock(lines)
			block = append(block, d)
		default:
			block = append(block, directive{line: line})
		}
	}
	return block, nil
}

// render is the opposite of parse.
func render(all []directive) string {
	var text strings.Builder
	for _, d := range all {
		text.WriteString(d.line)
		if d.opens {
			text.WriteString(" {\n" + render(d.within) + "}")
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// shippedCaddyfile is the repository's Caddyfile, changed so that every request
// is answered and TLS is not measured: it serves plain HTTP, no limit is ever
// reached, one address may do what many do, and a decision may take longer than
// on an idle machine.
func shippedCaddyfile(t testing.TB) []directive {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	text := replaceAll(t, string(content), `(?m)^https://`, "http://")
	text = replaceAll(t, text, `\brate \d+/1m`, "rate 100000000/1m")
	text = replaceAll(t, text, `\bgate_policy {`, "gate_policy {\ntimeout 5s")
	text = replaceAll(t, text, `\bgate_connections\b.*`, "gate_connections {\nexcept 127.0.0.1\n}")
	text = replaceAll(t, text, `(?m)\bgate_capacity\b[^@\n]*$`, "gate_capacity {\nper_address 10000\ntotal 10000\n}")
	return parse(t, text)
}

func replaceAll(t testing.TB, text, pattern, with string) string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	if !expression.MatchString(text) {
		t.Fatalf("the shipped Caddyfile has nothing like %s", pattern)
	}
	return expression.ReplaceAllString(text, with)
}

// find returns the one directive that begins with the words.
func find(t testing.TB, all []directive, words string) directive {
	t.Helper()
	for _, d := range all {
		if strings.HasPrefix(d.line, words) {
			return d
		}
	}
	t.Fatalf("the shipped Caddyfile has no %q where it is looked for", words)
	return directive{}
}

// globals returns the block of global options, which has no name.
func globals(t testing.TB, all []directive) directive {
	t.Helper()
	for _, d := range all {
		if d.opens && d.line == "" {
			return d
		}
	}
	t.Fatal("the Caddyfile has no global options")
	return directive{}
}
