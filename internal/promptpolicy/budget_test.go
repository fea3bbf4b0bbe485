//go:build !race

package promptpolicy

import (
	"testing"
	"time"
)

// The objects that a decision may cost: where the signals were seen before, and
// where each package that reads them is asked anew. The race detector empties
// pools, so under it there are no such numbers.
const (
	budgetKnown = 12
	budgetNew   = 320
)

func TestTheObjectsOfADecisionAreBounded(t *testing.T) {
	policy, anew := compiled(t, shippedFiles(t)), compiled(t, shippedFiles(t))
	anew.program.plan.all.known = nil
	for _, u := range anew.program.plan.packages {
		if u.reads("signals") {
			u.known = nil
		}
	}
	inputs := judgedTexts(t, scents(300))
	for name, tc := range map[string]struct {
		policy *Policy
		budget float64
	}{"signals seen before": {policy, budgetKnown}, "new signals": {anew, budgetNew}} {
		decide := func(in *Input) {
			in.Since = time.Now()
			if d, err := tc.policy.Decide(t.Context(), in); err != nil || !d.Allow {
				t.Fatal(d, err)
			}
		}
		for _, in := range inputs {
			decide(in)
		}
		i := 0
		got := testing.AllocsPerRun(100, func() {
			decide(inputs[i%len(inputs)])
			i++
		})
		if got > tc.budget {
			t.Errorf("%s: %.0f objects, want at most %.0f", name, got, tc.budget)
		}
	}
}

// judgedTexts returns the inputs of texts as the gateway makes them.
func judgedTexts(t *testing.T, texts []string) []*Input {
	t.Helper()
	path, err := ParsePromptPath("/prompt")
	if err != nil {
		t.Fatal(err)
	}
	inputs := make([]*Input, len(texts))
	for i, text := range texts {
		in := generate(text, "generate")
		in.Prompts, err = Prompts(t.Context(), time.Now().Add(ample), Source{Body: in.Body}, []PromptPath{path})
		if err != nil {
			t.Fatal(err)
		}
		inputs[i] = in
	}
	return inputs
}
