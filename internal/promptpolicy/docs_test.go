package promptpolicy

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples of the documentation must be admitted with the shipped policy.
func TestExamplesOfTheDocumentationWork(t *testing.T) {
	policy, err := admit(t, withExamplesOf(t, "../../docs/gateway/policy.md"))
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

func TestTheRuleOfTheGuideRefuses(t *testing.T) {
	policy, err := admit(t, withExamplesOf(t, "../../docs/guides/policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Decide(t.Context(), generate("Oak-moss and oakmoss", "generate"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow || d.Reasons[0].ID != "allergen" {
		t.Errorf("decision = %+v", d)
	}
}

// withExamplesOf returns the shipped policy with the rule and the test that a
// page shows.
func withExamplesOf(t *testing.T, page string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```rego\n(.*?)```").FindAllStringSubmatch(string(text), -1)
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
	return files
}

// The API's page, the policy's page and the refusal state the same limit.
func TestTheScopeForMoreMoleculesIsSaidAlike(t *testing.T) {
	in := generate("rose", "generate")
	in.Body = map[string]any{"prompt": "rose", "num_molecules": json.Number("21")}
	d, err := shipped(t).Decide(t.Context(), in)
	if err != nil || d.Allow {
		t.Fatalf("decision = %+v, %v", d, err)
	}
	said := map[string]string{"the refusal": d.Reasons[0].Message}
	for _, name := range []string{"inference/api.md", "gateway/policy.md"} {
		page, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		said[name] = string(page)
	}
	for name, text := range said {
		for _, want := range []string{"generate:bulk", "20"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}
