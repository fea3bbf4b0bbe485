package odor

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// docs/inference/backend.md tells clients the vocabulary and the size of the
// library.
func TestDocumentationHasTheWholeVocabulary(t *testing.T) {
	content, err := os.ReadFile("../../docs/inference/backend.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	_, section, found := strings.Cut(page, "\n## Vocabulary\n")
	if !found {
		t.Fatal("docs/inference/backend.md has no vocabulary")
	}
	section = strings.TrimSuffix(strings.Join(strings.Fields(section), " "), ".")
	if got, want := strings.Split(section, ", "), library(t).Vocabulary().Descriptors(); !slices.Equal(got, want) {
		t.Errorf("docs/inference/backend.md lists\n%v\nthe vocabulary is\n%v", got, want)
	}
	if count := fmt.Sprintf("\n%d odorants", len(library(t).Odorants())); !strings.Contains(page, count) {
		t.Errorf("docs/inference/backend.md does not say that there are%s", strings.ReplaceAll(count, "\n", " "))
	}
}
