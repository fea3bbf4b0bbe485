package promptpolicy

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples of the documentation must be admitted with the shipped policy.
func TestExamplesOfTheDocumentationWork(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```rego\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) != 2 {
		t.Fatalf("%d examples, want the rule and its test", len(examples))
	}
	shipped, err := ReadSnapshot(shippedDir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"rules/allergens.rego":      examples[0][1],
		"rules/allergens_test.rego": examples[1][1],
		"terms/data.yaml":           string(shipped.files["terms/data.yaml"]) + "\nbanned_materials: [oakmoss]\n",
	}
	for name, content := range shipped.files {
		if _, replaced := files[name]; !replaced {
			files[name] = string(content)
		}
	}
	policy, err := admit(t, files)
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Decide(t.Context(), generate("natural oakmoss", "generate"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow || d.Reasons[0].ID != "allergen" || len(d.Obligations) != 1 || strings.Join(d.Labels, "") != "natural" {
		t.Errorf("decision = %+v", d)
	}
}
