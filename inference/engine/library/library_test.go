package library

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

func newEngine(t testing.TB) *Engine {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func generate(t testing.TB, e *Engine, prompt string, count int) engine.Result {
	t.Helper()
	result, err := e.Generate(t.Context(), engine.Request{Prompt: prompt, Count: count})
	if err != nil {
		t.Fatalf("%q: %v", prompt, err)
	}
	return result
}

func names(result engine.Result) []string {
	var names []string
	for _, m := range result.Molecules {
		names = append(names, m.Name)
	}
	return names
}

// What everybody in the trade would expect to be among the first.
func TestPromptsFindTheirClassics(t *testing.T) {
	tests := []struct {
		prompt string
		count  int
		want   []string
	}{
		{"vanilla", 5, []string{"vanillin"}},
		{"bitter almond and cherry", 3, []string{"benzaldehyde"}},
		{"white musk, powdery", 8, []string{"Velvione"}},
		{"sea breeze", 5, []string{"Calone"}},
		{"fresh-cut grass", 3, []string{"cis-3-hexenol"}},
		{"spearmint", 6, []string{"menthol"}},
		{"cloves", 4, []string{"eugenol"}},
		{"caraway", 1, []string{"(S)-carvone"}},
		{"wet earth after rain", 5, []string{"geosmin"}},
		{"popcorn", 4, []string{"2-acetyl-1-pyrroline"}},
		{"passion fruit", 3, []string{"3-mercaptohexan-1-ol"}},
		{"coconut milk", 3, []string{"Methyl Laitone"}},
		{"violet and orris, powdery", 3, []string{"alpha-irone"}},
		{"fresh citrus over wet cedar", 5, []string{"alpha-cedrene", "limonene"}},
		{"smoky campfire", 3, []string{"guaiacol"}},
		{"leather armchair", 3, []string{"Safraleine"}},
		{"linalool", 1, []string{"linalool"}},
	}
	e := newEngine(t)
	for _, tt := range tests {
		t.Run(tt.prompt, func(t *testing.T) {
			got := names(generate(t, e, tt.prompt, tt.count))
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("%v lacks %s", got, want)
				}
			}
		})
	}
}

func TestExcludedDescriptorsAndOdorantsNeverAppear(t *testing.T) {
	e := newEngine(t)
	for _, m := range generate(t, e, "sweet and warm, no musk, without vanillin", 50).Molecules {
		if m.Profile.Strength("musk") > 0 || m.Name == "vanillin" {
			t.Errorf("%s was excluded: %v", m.Name, m.Profile)
		}
	}
}

func TestNotTooSweetLowersTheScoreOfTheSweet(t *testing.T) {
	e := newEngine(t)
	plain, less := scoresOf(generate(t, e, "vanilla", 50)), scoresOf(generate(t, e, "vanilla, not too sweet", 50))
	if less["vanillin"].Overall() >= plain["vanillin"].Overall() || less["vanillin"].Avoidance >= 1 {
		t.Errorf("vanillin: %+v, then %+v", plain["vanillin"], less["vanillin"])
	}
}

func scoresOf(result engine.Result) map[string]engine.Scores {
	scores := map[string]engine.Scores{}
	for _, m := range result.Molecules {
		scores[m.Name] = m.Scores
	}
	return scores
}

func TestNotesPreferTheirPosition(t *testing.T) {
	e := newEngine(t)
	for _, prompt := range []string{"woody base", "base of wood"} {
		if first := generate(t, e, prompt, 1).Molecules[0]; first.Note != odor.Base {
			t.Errorf("%s: %s is a %s note", prompt, first.Name, first.Note)
		}
	}
	if first := generate(t, e, "woody top", 1).Molecules[0]; first.Note != odor.Top {
		t.Errorf("woody top: %s is a %s note", first.Name, first.Note)
	}
}

func TestAPromptOfNotesAloneFindsThoseNotes(t *testing.T) {
	for _, m := range generate(t, newEngine(t), "heart notes", 50).Molecules {
		if m.Note != odor.Heart || m.Scores.Overall() != 1 {
			t.Errorf("%s is a %s note and scores %v", m.Name, m.Note, m.Scores.Overall())
		}
	}
}

func TestAnOdorantAskedForByNameScoresOne(t *testing.T) {
	first := generate(t, newEngine(t), "muscone", 3).Molecules[0]
	if first.Name != "muscone" || first.Scores.Overall() != 1 {
		t.Errorf("%s scores %v", first.Name, first.Scores)
	}
}

// The score is a documented figure: computed here by hand for one case.
func TestScoreIsTheDocumentedFigure(t *testing.T) {
	e := newEngine(t)
	rose, mint := e.library.Rarity("rose"), e.library.Rarity("mint")
	s := newScorer(e.library, odor.Interpretation{
		Descriptors: []odor.Wanted{{Descriptor: "rose", Weight: 2, Note: odor.Top}, {Descriptor: "mint", Weight: 1}},
		Excluded:    []odor.Weighted{{Descriptor: "sweet", Weight: 0.5}},
	}, nil)
	got := s.score(&engine.Entry{Odorant: &odor.Odorant{
		Note:    odor.Heart,
		Profile: odor.Profile{{Descriptor: "rose", Weight: 0.85}, {Descriptor: "sweet", Weight: 0.7}},
	}})
	want := engine.Scores{Relevance: 2 * rose * 0.85 * 0.6 / (2*rose + mint), Avoidance: 0.65}
	if diff := gocmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

func TestAnswersAreDiverse(t *testing.T) {
	e := newEngine(t)
	const prompt, count = "sea breeze and roses", 5
	best, chosen := engine.Result{Molecules: molecules(rank(e, prompt)[:count])}, generate(t, e, prompt, count)
	if similarities(chosen) >= similarities(best) {
		t.Errorf("the chosen %v are as alike as the best %v", names(chosen), names(best))
	}
	rosy := func(m engine.Molecule) bool { return m.Profile.Strength("rose") > 0 }
	marine := func(m engine.Molecule) bool { return m.Profile.Strength("marine") > 0 }
	if !slices.ContainsFunc(chosen.Molecules, rosy) || !slices.ContainsFunc(chosen.Molecules, marine) {
		t.Errorf("%v answer only one part of the prompt", names(chosen))
	}
}

// rank returns all the matches of a prompt, the best first.
func rank(e *Engine, prompt string) []*match {
	return e.rank(newScorer(e.library, e.interpreter.Interpret(prompt), nil), engine.Tally{})
}

// similarities is the sum of the similarities of all pairs.
func similarities(result engine.Result) float64 {
	sum := 0.0
	for i, a := range result.Molecules {
		for _, b := range result.Molecules[:i] {
			sum += a.Profile.Similarity(b.Profile)
		}
	}
	return sum
}

func TestFewerMoleculesThanWantedWhereNoOthersFit(t *testing.T) {
	result := generate(t, newEngine(t), "garlic", 50)
	if n := len(result.Molecules); n == 0 || n == 50 {
		t.Errorf("%d molecules smell of garlic", n)
	}
	for _, m := range result.Molecules {
		if m.Scores.Overall() <= 0 {
			t.Errorf("%s does not fit at all", m.Name)
		}
	}
}

func TestContradictionFindsNothing(t *testing.T) {
	if result := generate(t, newEngine(t), "lemon, but no citrus", 5); len(result.Molecules) != 0 {
		t.Errorf("found %v", names(result))
	}
}

func TestWhatThePromptExcludesIsWithheldWithTheWordThatDoes(t *testing.T) {
	for prompt, detail := range map[string]string{
		"a non-sweet vanilla":      "sweet",
		"vanilla but not vanillin": "vanillin",
	} {
		result := generate(t, newEngine(t), prompt, 2)
		if !slices.ContainsFunc(result.Withheld, func(w engine.Withheld) bool { return w.Reason == engine.Excluded && w.Detail == detail }) {
			t.Errorf("%q: withheld %v", prompt, result.Withheld)
		}
	}
}

func TestPromptsThatAskForNothingAreNotUnderstood(t *testing.T) {
	e := newEngine(t)
	for prompt, want := range map[string]string{
		"":                 "has no scent word",
		"the scent of":     "has no scent word",
		"qwerty":           "no known scent word (1 unknown word)",
		"asdf qwerty":      "no known scent word (2 unknown words)",
		"no musk":          "only says what is not wanted",
		"without menthone": "only says what is not wanted",
	} {
		_, err := e.Generate(t.Context(), engine.Request{Prompt: prompt, Count: 5})
		if _, ok := errors.AsType[*engine.NotUnderstoodError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", prompt, err, want)
		}
	}
}

func TestGenerateStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newEngine(t).Generate(ctx, engine.Request{Prompt: "musk", Count: 5}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := diversify(ctx, rank(newEngine(t), "musk"), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("choosing: error %v, want context.Canceled", err)
	}
}

// anyPrompt draws prompts of known words, unknown ones and grammar.
func anyPrompt(e *Engine) *rapid.Generator[string] {
	pieces := append([]string{"no", "without", "not too", "slightly", "very", "and", "or", ",", ";", "over", "but", "base", "top", "heart", "-free", "asdf", "vanillin", "sea breeze"},
		e.library.Vocabulary().Descriptors()...)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), " ")
	})
}

func TestAnswersKeepTheirPromises(t *testing.T) {
	e := newEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		request := engine.Request{Prompt: anyPrompt(e).Draw(t, "prompt"), Count: rapid.IntRange(1, 50).Draw(t, "count")}
		first, err := e.Generate(t.Context(), request)
		if _, unclear := errors.AsType[*engine.NotUnderstoodError](err); unclear {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, first, request.Count)
		again, err := e.Generate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(first, again, gocmp.Comparer(func(a, b *chem.Molecule) bool { return a == b })); diff != "" {
			t.Fatalf("the same request, another answer: %s", diff)
		}
	})
}

func checkResult(t *rapid.T, result engine.Result, count int) {
	if len(result.Molecules) > count {
		t.Fatalf("%d molecules, asked for %d", len(result.Molecules), count)
	}
	seen := map[string]bool{}
	for _, m := range result.Molecules {
		if seen[m.Name] {
			t.Fatalf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		for _, score := range []float64{m.Scores.Overall(), m.Scores.Relevance, m.Scores.Avoidance} {
			if !(score > 0 && score <= 1) {
				t.Fatalf("%s scores %+v", m.Name, m.Scores)
			}
		}
	}
	if !slices.IsSortedFunc(result.Molecules, func(a, b engine.Molecule) int { return cmp.Compare(b.Scores.Overall(), a.Scores.Overall()) }) {
		t.Fatal("the best is not first")
	}
}

// Refusing a descriptor must take out every molecule that has it.
func TestRefusingNeverRaises(t *testing.T) {
	e := newEngine(t)
	descriptors := e.library.Vocabulary().Descriptors()
	rapid.Check(t, func(t *rapid.T) {
		prompt := anyPrompt(e).Draw(t, "prompt")
		refused := rapid.SampledFrom(descriptors).Draw(t, "refused")
		result, err := e.Generate(t.Context(), engine.Request{Prompt: prompt + "; no " + refused, Count: 50})
		if err != nil {
			return
		}
		for _, m := range result.Molecules {
			if m.Profile.Strength(refused) > 0 {
				t.Fatalf("%q without %s gives %s", prompt, refused, m.Name)
			}
		}
	})
}

// Asking for less of something must not raise the avoidance of what has it.
func TestAskingForLessNeverRaisesAvoidance(t *testing.T) {
	e := newEngine(t)
	descriptors := e.library.Vocabulary().Descriptors()
	rapid.Check(t, func(t *rapid.T) {
		prompt := anyPrompt(e).Draw(t, "prompt")
		less := rapid.SampledFrom(descriptors).Draw(t, "less")
		before, after := e.interpreter.Interpret(prompt), e.interpreter.Interpret(prompt+"; not too "+less)
		for _, o := range e.library.Odorants() {
			if a, b := before.Avoidance(o.Profile), after.Avoidance(o.Profile); b > a {
				t.Fatalf("%s: avoidance rose from %v to %v", o.Name, a, b)
			}
		}
	})
}

// A longer answer begins with the same choice.
func TestLongerAnswersContainShorterOnes(t *testing.T) {
	e := newEngine(t)
	for _, prompt := range []string{"fresh citrus over wet cedar", "musk", "green tea and jasmine"} {
		short, long := names(generate(t, e, prompt, 4)), names(generate(t, e, prompt, 12))
		for _, name := range short {
			if !slices.Contains(long, name) {
				t.Errorf("%s: %s of %v is missing in %v", prompt, name, short, long)
			}
		}
	}
}

func TestFilteringStopsWhenNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	filter, err := engine.NewFilter(engine.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keep(ctx, filter, rank(newEngine(t), "rose"), engine.Tally{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	e := newEngine(b)
	for _, bm := range []struct {
		name, prompt string
		count        int
	}{
		{"plain", "rose", 5},
		{"usual", "fresh citrus over wet cedar, no musk", 5},
		{"large", "top notes of bergamot and lemon, heart of jasmine and rose, base of sandalwood and amber, without smoky notes", 50},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Generate(b.Context(), engine.Request{Prompt: bm.prompt, Count: bm.count}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
