// Package docs checks that the documentation is true: its links lead somewhere,
// its Caddyfiles load, and its lists are those of the code.
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

const repository = "../.."

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestEveryLinkLeadsToAFileAndASection(t *testing.T) {
	for _, page := range pages(t) {
		for _, match := range linkPattern.FindAllStringSubmatch(prose(read(t, page)), -1) {
			target, section, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, ":") {
				continue // It leads out of the repository.
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(repository, path)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, match[1])
				continue
			}
			if section != "" && !slices.Contains(anchors(read(t, path)), section) {
				t.Errorf("%s: the link %s leads to no section", page, match[1])
			}
		}
	}
}

func TestTheIndexLeadsToEveryPage(t *testing.T) {
	linked := map[string]bool{"docs/index.md": true}
	for _, index := range []string{"docs/index.md", "docs/reference/index.md"} {
		if _, err := os.Stat(filepath.Join(repository, index)); err != nil {
			continue
		}
		for _, match := range linkPattern.FindAllStringSubmatch(read(t, index), -1) {
			target, _, _ := strings.Cut(match[1], "#")
			linked[filepath.Join(filepath.Dir(index), target)] = true
		}
	}
	for _, page := range pages(t) {
		generated := strings.HasPrefix(page, "docs/model/predictor-")
		if strings.HasPrefix(page, "docs/") && !generated && !linked[page] {
			t.Errorf("no index leads to %s", page)
		}
	}
}

// The README claims what a test shows, and names the test.
func TestTheTestsThatTheREADMENamesExist(t *testing.T) {
	named := regexp.MustCompile("`(Test\\w+)` in `([a-z0-9/]+)`").FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(named) < 4 {
		t.Fatalf("it names only %v", named)
	}
	for _, match := range named {
		files, err := filepath.Glob(filepath.Join(repository, match[2], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(file string) bool {
			source, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(source), "func "+match[1]+"(t *testing.T)")
		}) {
			t.Errorf("there is no %s in %s", match[1], match[2])
		}
	}
}

// pages returns every Markdown page of the repository that people read, with
// its path from there.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repository, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(repository, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range found {
		if found[i], err = filepath.Rel(repository, path); err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 20 {
		t.Fatalf("found only %d pages: %v", len(found), found)
	}
	return found
}

// prose returns a page without its blocks of code and its code spans.
func prose(page string) string {
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(unfenced(page), "`")
}

// unfenced returns a page without its blocks of code.
func unfenced(page string) string {
	var kept strings.Builder
	inside := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
			continue
		}
		if !inside {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// anchors returns the names that GitHub gives to the headings of a page.
func anchors(page string) []string {
	var names []string
	for _, match := range headingPattern.FindAllStringSubmatch(unfenced(page), -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
