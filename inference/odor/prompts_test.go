package odor

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// evaluationPrompt is a prompt with what a perfumer would look for.
type evaluationPrompt struct {
	prompt string
	wanted []string
}

func evaluationPrompts(t *testing.T) []evaluationPrompt {
	t.Helper()
	table, err := os.ReadFile("../training/prompts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var prompts []evaluationPrompt
	err = rows("prompts.tsv", string(table), 2, func(cells []string) error {
		prompts = append(prompts, evaluationPrompt{cells[0], list(cells[1])})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return prompts
}

// heard is the least weight at which a descriptor counts as understood from a prompt.
const heard = 0.4

// The hundred prompts were written before the tables that have to understand
// them. Floors lie a little under what is reached, so that a change that
// understands less is seen.
func TestEvaluationPromptsAreUnderstood(t *testing.T) {
	in, v := interpreter(t), library(t).Vocabulary()
	var found, expected, right, said float64
	for _, p := range evaluationPrompts(t) {
		i := in.Interpret(p.prompt)
		var missed, extra []string
		for _, descriptor := range p.wanted {
			expected++
			if hears(i, descriptor) {
				found++
				continue
			}
			missed = append(missed, descriptor)
		}
		for _, w := range i.Descriptors {
			if w.Weight < heard {
				continue
			}
			said++
			if slices.ContainsFunc(p.wanted, func(d string) bool { return v.Implies(d, w.Descriptor) }) {
				right++
				continue
			}
			extra = append(extra, w.Descriptor)
		}
		if len(missed)+len(extra)+len(i.Unrecognised) > 0 {
			t.Logf("%s\n\tmissed %s; also %s; unrecognised %s", p.prompt,
				strings.Join(missed, ", "), strings.Join(extra, ", "), strings.Join(i.Unrecognised, ", "))
		}
	}
	recall, precision := found/expected, right/said
	t.Logf("recall %.3f, precision %.3f", recall, precision)
	if recall < 0.9 || precision < 0.7 {
		t.Errorf("recall %.3f and precision %.3f, want at least 0.9 and 0.7", recall, precision)
	}
}

func hears(i Interpretation, descriptor string) bool {
	return slices.ContainsFunc(i.Descriptors, func(w Wanted) bool { return w.Descriptor == descriptor && w.Weight >= heard })
}

func TestEvaluationPromptsUseTheVocabulary(t *testing.T) {
	prompts := evaluationPrompts(t)
	if len(prompts) != 100 {
		t.Errorf("%d prompts, want 100", len(prompts))
	}
	seen := map[string]bool{}
	for _, p := range prompts {
		if seen[p.prompt] {
			t.Errorf("%q is there twice", p.prompt)
		}
		seen[p.prompt] = true
		for _, descriptor := range p.wanted {
			if !library(t).Vocabulary().Has(descriptor) {
				t.Errorf("%q wants %q, which is not in the vocabulary", p.prompt, descriptor)
			}
		}
	}
}
