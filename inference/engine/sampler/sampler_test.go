package sampler

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/chem/smarts"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

func newEngine(t testing.TB) *Engine {
	t.Helper()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sampleFor(t testing.TB, request engine.Request) engine.Result {
	t.Helper()
	if request.Seed == nil {
		request.Seed = new(int64(1))
	}
	result, err := newEngine(t).Generate(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func smilesOf(result engine.Result) []string {
	var out []string
	for _, m := range result.Molecules {
		out = append(out, m.Structure.SMILES())
	}
	return out
}

func TestDiffusionAnswersWithDistinctMolecules(t *testing.T) {
	result := sampleFor(t, engine.Request{Prompt: "fresh citrus over wet cedar", Count: 10})
	if len(result.Molecules) != 10 {
		t.Fatalf("%d molecules", len(result.Molecules))
	}
	seen := map[string]bool{}
	last := math.Inf(1)
	for _, m := range result.Molecules {
		text := m.Structure.SMILES()
		if seen[text] {
			t.Errorf("%s twice", text)
		}
		seen[text] = true
		if m.Scores.Overall() > last {
			t.Errorf("%s scores %g after %g", text, m.Scores.Overall(), last)
		}
		last = m.Scores.Overall()
		if m.Source != engine.FromDiffusion || len(m.Profile) == 0 || m.Known == nil || m.Known.Nearest.Name == "" {
			t.Errorf("%s lacks something: %+v", text, m)
		}
		if m.Safety.Score < 0.5 {
			t.Errorf("%s has the safety score %g", text, m.Safety.Score)
		}
	}
	if result.Sampled < 10 || *result.Seed != 1 {
		t.Errorf("%d sampled with seed %d", result.Sampled, *result.Seed)
	}
}

func TestTheSameSeedGivesTheSameAnswer(t *testing.T) {
	request := engine.Request{Prompt: "rose and honey", Count: 5, Seed: new(int64(42))}
	first := smilesOf(sampleFor(t, request))
	if diff := cmp.Diff(first, smilesOf(sampleFor(t, request))); diff != "" {
		t.Errorf("again:\n%s", diff)
	}
	request.Seed = new(int64(43))
	if cmp.Equal(first, smilesOf(sampleFor(t, request))) {
		t.Error("another seed gave the same answer")
	}
}

func TestASeedIsChosenWhereThereIsNone(t *testing.T) {
	e := newEngine(t)
	result, err := e.Generate(t.Context(), engine.Request{Prompt: "musk", Count: 3})
	if err != nil {
		t.Fatal(err)
	}
	again := sampleFor(t, engine.Request{Prompt: "musk", Count: 3, Seed: result.Seed})
	if diff := cmp.Diff(smilesOf(result), smilesOf(again)); diff != "" {
		t.Errorf("the seed that was told does not give the same answer:\n%s", diff)
	}
}

func TestEveryMoleculeKeepsToTheConstraints(t *testing.T) {
	result := sampleFor(t, engine.Request{
		Prompt: "fruity", Count: 8,
		Constraints: engine.Constraints{
			Weight:       engine.Range{Min: new(120.0), Max: new(190.0)},
			LogP:         engine.Range{Max: new(3.0)},
			BoilingPoint: engine.Range{Max: new(240.0)},
			Must:         []string{"fruity"},
			MustNot:      []string{"sulfurous"},
		},
	})
	if len(result.Molecules) == 0 {
		t.Fatal("no molecules")
	}
	for _, m := range result.Molecules {
		kelvin, ok := property.BoilingPoint(m.Structure)
		switch {
		case m.Structure.Weight() < 120 || m.Structure.Weight() > 190:
			t.Errorf("%s weighs %g", m.Structure, m.Structure.Weight())
		case property.LogP(m.Structure) > 3:
			t.Errorf("%s has logP %g", m.Structure, property.LogP(m.Structure))
		case !ok || kelvin+property.AbsoluteZero > 240:
			t.Errorf("%s boils at %g K", m.Structure, kelvin)
		case m.Profile.Strength("fruity") == 0 || m.Profile.Strength("sulfurous") > 0:
			t.Errorf("%s smells of %v", m.Structure, m.Profile)
		}
	}
}

func TestEveryMoleculeContainsTheScaffold(t *testing.T) {
	scaffold := chemtest.Parse(t, "c1ccccc1")
	result := sampleFor(t, engine.Request{Prompt: "vanilla, sweet", Count: 6, Scaffold: scaffold})
	if len(result.Molecules) == 0 {
		t.Fatal("no molecules")
	}
	pattern := smarts.MustCompile("c1ccccc1")
	for _, m := range result.Molecules {
		if !pattern.Matches(m.Structure) {
			t.Errorf("%s has no benzene ring", m.Structure)
		}
	}
}

func TestMoreLikeThisNeedsNoPrompt(t *testing.T) {
	linalool := chemtest.Parse(t, "C=C[C@](C)(O)CCC=C(C)C")
	result := sampleFor(t, engine.Request{Count: 8, Like: linalool})
	if len(result.Molecules) == 0 {
		t.Fatal("no molecules")
	}
	mean := 0.0
	for _, m := range result.Molecules {
		if m.Structure.SMILES() == linalool.WithoutStereo().SMILES() {
			t.Error("the molecule itself is in the answer")
		}
		mean += *m.Scores.Likeness / float64(len(result.Molecules))
	}
	if mean < 0.25 {
		t.Errorf("the mean likeness is %g", mean)
	}
}

func TestStereoOfAGivenMoleculeDoesNotCount(t *testing.T) {
	carvone := chemtest.Parse(t, "CC(=C)[C@@H]1CC=C(C)C(=O)C1")
	for name, request := range map[string]engine.Request{
		"like":     {Count: 2, Like: carvone},
		"scaffold": {Count: 2, Prompt: "mint", Scaffold: carvone},
	} {
		if len(sampleFor(t, request).Molecules) == 0 {
			t.Errorf("%s: no molecules", name)
		}
	}
}

func TestWhatTheModelsDoNotKnowIsRefused(t *testing.T) {
	e := newEngine(t)
	chain := chemtest.Parse(t, strings.Repeat("C", 60))
	for _, c := range []struct {
		field   string
		request engine.Request
	}{
		{"scaffold", engine.Request{Prompt: "rose", Count: 1, Scaffold: chemtest.Parse(t, "Clc1ccccc1")}},
		{"like", engine.Request{Count: 1, Like: chemtest.Parse(t, "ClC(Cl)Br")}},
		{"scaffold", engine.Request{Prompt: "rose", Count: 1, Scaffold: chain}},
		{"like", engine.Request{Count: 50, Like: chain}},
		// Descriptors without a label of the predictor.
		{"constraints/must/1", engine.Request{Prompt: "rose", Count: 1, Constraints: engine.Constraints{Must: []string{"floral", "clove"}}}},
		{"constraints/must_not/0", engine.Request{Prompt: "rose", Count: 1, Constraints: engine.Constraints{MustNot: []string{"clove"}}}},
	} {
		_, err := e.Generate(t.Context(), c.request)
		if unsuitable, ok := errors.AsType[*engine.UnsuitableError](err); !ok || unsuitable.Field != c.field {
			t.Errorf("%s: error %v", c.field, err)
		}
	}
}

func TestSampledMoleculesAreNeutral(t *testing.T) {
	for smiles, neutral_ := range map[string]bool{
		"CC(=O)OCC":               true,
		"Cc1ccc([N+](=O)[O-])cc1": true,
		"CC[O-]":                  false,
		"C[N+](C)(C)C":            false,
		"CC[O]":                   false,
	} {
		if got := neutral(chemtest.Parse(t, smiles)); got != neutral_ {
			t.Errorf("%s is neutral: %t", smiles, got)
		}
	}
}

func TestNotesOfThePromptAreKept(t *testing.T) {
	count := func(prompt string, note odor.Note) int {
		n := 0
		for _, m := range sampleFor(t, engine.Request{Prompt: prompt, Count: 8}).Molecules {
			if m.Note == note {
				n++
			}
		}
		return n
	}
	if n := count("a fruity top note", odor.Top); n < 6 {
		t.Errorf("%d of 8 molecules for a top note are top notes", n)
	}
	if n := count("a woody base note", odor.Base); n < 6 {
		t.Errorf("%d of 8 molecules for a base note are base notes", n)
	}
}

func TestWhatThePromptExcludesIsWithheldWithTheWordThatDoes(t *testing.T) {
	result := sampleFor(t, engine.Request{Prompt: "a non-sweet vanilla", Count: 2})
	if !slices.ContainsFunc(result.Withheld, func(w engine.Withheld) bool { return w.Reason == engine.Excluded && w.Detail == "sweet" }) {
		t.Errorf("withheld %v", result.Withheld)
	}
}

func TestExcludedOdorantsAreWithheld(t *testing.T) {
	vanillin := chemtest.Parse(t, "COc1cc(C=O)ccc1O").SMILES()
	scaffold := chemtest.Parse(t, "COc1ccccc1O")
	for seed := range int64(4) {
		result := sampleFor(t, engine.Request{Prompt: "vanilla but not vanillin", Count: 6, Seed: &seed, Scaffold: scaffold})
		for _, m := range result.Molecules {
			if m.Structure.SMILES() == vanillin {
				t.Error("vanillin is in the answer")
			}
		}
	}
}

// streaming is what a client hears of a request on the way to its result.
type streaming struct {
	steps    int      // in all
	emitted  []string // the molecules in the order of their coming
	cameWith []int    // the step that each came after
	unmasked float64
}

func stream(t testing.TB, e *Engine, request engine.Request) (streaming, engine.Result) {
	t.Helper()
	var heard streaming
	request.Progress = func(p engine.Progress) {
		heard.steps++
		heard.unmasked = p.Unmasked
		if p.Step > p.Steps {
			t.Errorf("step %d of %d", p.Step, p.Steps)
		}
	}
	request.Emit = func(m engine.Molecule) {
		heard.emitted = append(heard.emitted, m.Structure.SMILES())
		heard.cameWith = append(heard.cameWith, heard.steps)
	}
	result, err := e.Generate(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return heard, result
}

// The steps of a stream are alike, so that their number stands for the time.
func TestMoleculesComeWhileOthersAreSampled(t *testing.T) {
	e := newEngine(t)
	for _, prompt := range []string{"woody", "fresh citrus over wet cedar", "rose and honey"} {
		heard, result := stream(t, e, engine.Request{Prompt: prompt, Count: 10, Seed: new(int64(1))})
		if len(heard.emitted) != 10 || len(result.Molecules) != 10 {
			t.Fatalf("%s: %d molecules on the way to %d", prompt, len(heard.emitted), len(result.Molecules))
		}
		if first := heard.cameWith[0]; first > heard.steps*2/5 {
			t.Errorf("%s: the first molecule comes after %d of %d steps", prompt, first, heard.steps)
		}
		if fifth := heard.cameWith[4]; fifth > heard.steps*4/5 {
			t.Errorf("%s: the fifth molecule comes after %d of %d steps", prompt, fifth, heard.steps)
		}
		if heard.unmasked != 1 {
			t.Errorf("%s: %g unmasked in the end", prompt, heard.unmasked)
		}
	}
}

func TestAStreamShowsTheMoleculesOfTheAnswerAndNoOthers(t *testing.T) {
	e := newEngine(t)
	vanillin := chemtest.Parse(t, "COc1cc(C=O)ccc1O")
	for name, request := range map[string]engine.Request{
		"one":      {Prompt: "woody", Count: 1},
		"ten":      {Prompt: "fresh citrus over wet cedar", Count: 10},
		"few pass": {Prompt: "fruity", Count: 3, Constraints: engine.Constraints{Weight: engine.Range{Max: new(90.0)}}},
		"like":     {Count: 4, Like: vanillin},
	} {
		t.Run(name, func(t *testing.T) {
			request.Seed = new(int64(5))
			heard, streamed := stream(t, e, request)
			plain, err := e.Generate(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(smilesOf(plain), smilesOf(streamed)); diff != "" {
				t.Errorf("the stream ends with another answer:\n%s", diff)
			}
			slices.Sort(heard.emitted)
			if diff := cmp.Diff(slices.Sorted(slices.Values(smilesOf(streamed))), heard.emitted); diff != "" {
				t.Errorf("shown are others than those of the answer:\n%s", diff)
			}
		})
	}
}

func TestDiffusionStopsSoonAfterItsContext(t *testing.T) {
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	_, err := e.Generate(ctx, engine.Request{
		Prompt: "woody", Count: 4,
		Progress: func(engine.Progress) {
			steps++
			cancel()
		},
	})
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("error %v after %d steps", err, steps)
	}
}

func TestDiffusionLeavesNoGoroutineBehind(t *testing.T) {
	e := newEngine(t)
	synctest.Test(t, func(t *testing.T) {
		// The bubble fails if a goroutine of it is left when the function
		// returns.
		if _, err := e.Generate(t.Context(), engine.Request{Prompt: "woody", Count: 2, Seed: new(int64(1))}); err != nil {
			t.Error(err)
		}
	})
}

func TestDiffusionRefusesWhatItDoesNotUnderstand(t *testing.T) {
	_, err := newEngine(t).Generate(t.Context(), engine.Request{Prompt: "qwertz", Count: 1})
	if _, ok := errors.AsType[*engine.NotUnderstoodError](err); !ok {
		t.Errorf("error %v", err)
	}
}

func TestContradictionsGiveNoMolecules(t *testing.T) {
	result := sampleFor(t, engine.Request{
		Prompt: "fruity", Count: 2,
		Constraints: engine.Constraints{Weight: engine.Range{Max: new(20.0)}},
	})
	if len(result.Molecules) != 0 {
		t.Errorf("molecules %v", smilesOf(result))
	}
	if len(result.Withheld) == 0 || result.Withheld[0].Reason != engine.Constraint || result.Withheld[0].Detail != "molecular_weight" {
		t.Errorf("withheld %v", result.Withheld)
	}
}

func TestAClientThatLeavesAfterAMoleculeEndsTheSampling(t *testing.T) {
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	molecules := 0
	_, err := e.Generate(ctx, engine.Request{
		Prompt: "woody", Count: 10, Seed: new(int64(1)),
		Progress: func(p engine.Progress) {
			if molecules > 0 {
				t.Errorf("step %d after the client has gone", p.Step)
			}
		},
		Emit: func(engine.Molecule) {
			molecules++
			cancel()
		},
	})
	if !errors.Is(err, context.Canceled) || molecules == 0 {
		t.Errorf("error %v after %d molecules", err, molecules)
	}
}

// BenchmarkDiffusion is what a client waits for: ten molecules for a prompt.
func BenchmarkDiffusion(b *testing.B) {
	e := newEngine(b)
	for i := 0; b.Loop(); i++ {
		if _, err := e.Generate(b.Context(), engine.Request{Prompt: "fresh citrus over wet cedar", Count: 10, Seed: new(int64(i))}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream is the same for a client that takes molecules as they come.
// It reports how long the first one takes, and its share of the whole time.
func BenchmarkStream(b *testing.B) {
	e := newEngine(b)
	var whole, first time.Duration
	for i := 0; b.Loop(); i++ {
		started, waited := time.Now(), time.Duration(0)
		_, err := e.Generate(b.Context(), engine.Request{
			Prompt: "fresh citrus over wet cedar", Count: 10, Seed: new(int64(i)),
			Emit: func(engine.Molecule) {
				if waited == 0 {
					waited = time.Since(started)
				}
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		whole += time.Since(started)
		first += waited
	}
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms-to-first")
	b.ReportMetric(100*first.Seconds()/whole.Seconds(), "%-to-first")
}
