package engine

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
	"github.com/odordiff/odordiff/inference/odor"
)

func newLibrary(t testing.TB) *Library {
	t.Helper()
	l, err := NewLibrary()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func generate(t testing.TB, l *Library, prompt string, count int) Result {
	t.Helper()
	result, err := l.Generate(t.Context(), Request{Prompt: prompt, Count: count})
	if err != nil {
		t.Fatalf("%q: %v", prompt, err)
	}
	return result
}

func names(result Result) []string {
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
	l := newLibrary(t)
	for _, tt := range tests {
		t.Run(tt.prompt, func(t *testing.T) {
			got := names(generate(t, l, tt.prompt, tt.count))
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("%v lacks %s", got, want)
				}
			}
		})
	}
}

func TestExcludedDescriptorsAndOdorantsNeverAppear(t *testing.T) {
	l := newLibrary(t)
	for _, m := range generate(t, l, "sweet and warm, no musk, without vanillin", 50).Molecules {
		if m.Profile.Strength("musk") > 0 || m.Name == "vanillin" {
			t.Errorf("%s was excluded: %v", m.Name, m.Profile)
		}
	}
}

func TestNotTooSweetLowersTheScoreOfTheSweet(t *testing.T) {
	l := newLibrary(t)
	plain, less := scoresOf(generate(t, l, "vanilla", 50)), scoresOf(generate(t, l, "vanilla, not too sweet", 50))
	if less["vanillin"].Overall >= plain["vanillin"].Overall || less["vanillin"].Avoidance >= 1 {
		t.Errorf("vanillin: %+v, then %+v", plain["vanillin"], less["vanillin"])
	}
}

func scoresOf(result Result) map[string]Scores {
	scores := map[string]Scores{}
	for _, m := range result.Molecules {
		scores[m.Name] = m.Scores
	}
	return scores
}

func TestNotesPreferTheirPosition(t *testing.T) {
	l := newLibrary(t)
	for _, prompt := range []string{"woody base", "base of wood"} {
		if first := generate(t, l, prompt, 1).Molecules[0]; first.Note != odor.Base {
			t.Errorf("%s: %s is a %s note", prompt, first.Name, first.Note)
		}
	}
	if first := generate(t, l, "woody top", 1).Molecules[0]; first.Note != odor.Top {
		t.Errorf("woody top: %s is a %s note", first.Name, first.Note)
	}
}

func TestAPromptOfNotesAloneFindsThoseNotes(t *testing.T) {
	for _, m := range generate(t, newLibrary(t), "heart notes", 50).Molecules {
		if m.Note != odor.Heart || m.Scores.Overall != 1 {
			t.Errorf("%s is a %s note and scores %v", m.Name, m.Note, m.Scores.Overall)
		}
	}
}

func TestAnOdorantAskedForByNameScoresOne(t *testing.T) {
	first := generate(t, newLibrary(t), "muscone", 3).Molecules[0]
	if first.Name != "muscone" || first.Scores.Overall != 1 {
		t.Errorf("%s scores %v", first.Name, first.Scores)
	}
}

// The score is a documented figure: computed here by hand for one case.
func TestScoreIsTheDocumentedFigure(t *testing.T) {
	l := newLibrary(t)
	rose, mint := l.library.Rarity("rose"), l.library.Rarity("mint")
	s := newScorer(l.library, odor.Interpretation{
		Descriptors: []odor.Wanted{{Descriptor: "rose", Weight: 2, Note: odor.Top}, {Descriptor: "mint", Weight: 1}},
		Excluded:    []odor.Weighted{{Descriptor: "sweet", Weight: 0.5}},
	})
	got := s.score(&odor.Odorant{Note: odor.Heart, Profile: odor.Profile{{Descriptor: "rose", Weight: 0.85}, {Descriptor: "sweet", Weight: 0.7}}})
	relevance := 2 * rose * 0.85 * 0.6 / (2*rose + mint)
	want := Scores{Overall: relevance * 0.65, Relevance: relevance, Avoidance: 0.65}
	if diff := gocmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

func TestAnswersAreDiverse(t *testing.T) {
	l := newLibrary(t)
	const prompt, count = "sea breeze and roses", 5
	ranked := l.rank(newScorer(l.library, l.interpreter.Interpret(prompt)), Request{}, tally{})
	best, chosen := Result{Molecules: l.molecules(ranked[:count])}, generate(t, l, prompt, count)
	if likeness(chosen) >= likeness(best) {
		t.Errorf("the chosen %v are as alike as the best %v", names(chosen), names(best))
	}
	rosy := func(m Molecule) bool { return m.Profile.Strength("rose") > 0 }
	marine := func(m Molecule) bool { return m.Profile.Strength("marine") > 0 }
	if !slices.ContainsFunc(chosen.Molecules, rosy) || !slices.ContainsFunc(chosen.Molecules, marine) {
		t.Errorf("%v answer only one part of the prompt", names(chosen))
	}
}

// likeness is the sum of the similarities of all pairs.
func likeness(result Result) float64 {
	sum := 0.0
	for i, a := range result.Molecules {
		for _, b := range result.Molecules[:i] {
			sum += a.Profile.Similarity(b.Profile)
		}
	}
	return sum
}

func TestFewerMoleculesThanWantedWhereNoOthersFit(t *testing.T) {
	result := generate(t, newLibrary(t), "garlic", 50)
	if n := len(result.Molecules); n == 0 || n == 50 {
		t.Errorf("%d molecules smell of garlic", n)
	}
	for _, m := range result.Molecules {
		if m.Scores.Overall <= 0 {
			t.Errorf("%s does not fit at all", m.Name)
		}
	}
}

func TestContradictionFindsNothing(t *testing.T) {
	if result := generate(t, newLibrary(t), "lemon, but no citrus", 5); len(result.Molecules) != 0 {
		t.Errorf("found %v", names(result))
	}
}

func TestWhatThePromptExcludesIsWithheldWithTheWordThatDoes(t *testing.T) {
	for _, tt := range []struct {
		engine         Engine
		prompt, detail string
	}{
		{newLibrary(t), "a non-sweet vanilla", "sweet"},
		{newDiffusion(t), "a non-sweet vanilla", "sweet"},
		{newLibrary(t), "vanilla but not vanillin", "vanillin"},
	} {
		result, err := tt.engine.Generate(t.Context(), Request{Prompt: tt.prompt, Count: 2, Seed: new(int64(1))})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(result.Withheld, func(w Withheld) bool { return w.Reason == "excluded" && w.Detail == tt.detail }) {
			t.Errorf("%s: %q: withheld %v", tt.engine.Name(), tt.prompt, result.Withheld)
		}
	}
}

func TestPromptsThatAskForNothingAreNotUnderstood(t *testing.T) {
	l := newLibrary(t)
	for prompt, want := range map[string]string{
		"":                 "has no scent word",
		"the scent of":     "has no scent word",
		"qwerty":           "no known scent word (1 unknown word)",
		"asdf qwerty":      "no known scent word (2 unknown words)",
		"no musk":          "only says what is not wanted",
		"without menthone": "only says what is not wanted",
	} {
		_, err := l.Generate(t.Context(), Request{Prompt: prompt, Count: 5})
		unclear := (*NotUnderstoodError)(nil)
		if !errors.As(err, &unclear) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", prompt, err, want)
		}
	}
}

func TestGenerateStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newLibrary(t).Generate(ctx, Request{Prompt: "musk", Count: 5}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	l := newLibrary(t)
	s := newScorer(l.library, l.interpreter.Interpret("musk"))
	if _, err := s.diversify(ctx, l.rank(s, Request{}, tally{}), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("choosing: error %v, want context.Canceled", err)
	}
}

// anyPrompt draws prompts of known words, unknown ones and grammar.
func anyPrompt(l *Library) *rapid.Generator[string] {
	pieces := append([]string{"no", "without", "not too", "slightly", "very", "and", "or", ",", ";", "over", "but", "base", "top", "heart", "-free", "asdf", "vanillin", "sea breeze"},
		l.library.Vocabulary().Descriptors()...)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), " ")
	})
}

func TestAnswersKeepTheirPromises(t *testing.T) {
	l := newLibrary(t)
	rapid.Check(t, func(t *rapid.T) {
		request := Request{Prompt: anyPrompt(l).Draw(t, "prompt"), Count: rapid.IntRange(1, 50).Draw(t, "count")}
		first, err := l.Generate(t.Context(), request)
		if unclear := (*NotUnderstoodError)(nil); errors.As(err, &unclear) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, first, request.Count)
		again, err := l.Generate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(first, again, gocmp.Comparer(func(a, b *chem.Molecule) bool { return a == b })); diff != "" {
			t.Fatalf("the same request, another answer: %s", diff)
		}
	})
}

func checkResult(t *rapid.T, result Result, count int) {
	if len(result.Molecules) > count {
		t.Fatalf("%d molecules, asked for %d", len(result.Molecules), count)
	}
	seen := map[string]bool{}
	for _, m := range result.Molecules {
		if seen[m.Name] {
			t.Fatalf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		for _, score := range []float64{m.Scores.Overall, m.Scores.Relevance, m.Scores.Avoidance} {
			if !(score > 0 && score <= 1) {
				t.Fatalf("%s scores %+v", m.Name, m.Scores)
			}
		}
	}
	if !slices.IsSortedFunc(result.Molecules, func(a, b Molecule) int { return cmp.Compare(b.Scores.Overall, a.Scores.Overall) }) {
		t.Fatal("the best is not first")
	}
}

// Refusing a descriptor must take out every molecule that has it.
func TestRefusingNeverRaises(t *testing.T) {
	l := newLibrary(t)
	descriptors := l.library.Vocabulary().Descriptors()
	rapid.Check(t, func(t *rapid.T) {
		prompt := anyPrompt(l).Draw(t, "prompt")
		refused := rapid.SampledFrom(descriptors).Draw(t, "refused")
		result, err := l.Generate(t.Context(), Request{Prompt: prompt + "; no " + refused, Count: 50})
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
	l := newLibrary(t)
	descriptors := l.library.Vocabulary().Descriptors()
	rapid.Check(t, func(t *rapid.T) {
		prompt := anyPrompt(l).Draw(t, "prompt")
		less := rapid.SampledFrom(descriptors).Draw(t, "less")
		before := newScorer(l.library, l.interpreter.Interpret(prompt))
		after := newScorer(l.library, l.interpreter.Interpret(prompt+"; not too "+less))
		for _, o := range l.library.Odorants() {
			if a, b := before.avoidance(o.Profile), after.avoidance(o.Profile); b > a {
				t.Fatalf("%s: avoidance rose from %v to %v", o.Name, a, b)
			}
		}
	})
}

// A longer answer begins with the same choice.
func TestLongerAnswersContainShorterOnes(t *testing.T) {
	l := newLibrary(t)
	for _, prompt := range []string{"fresh citrus over wet cedar", "musk", "green tea and jasmine"} {
		short, long := names(generate(t, l, prompt, 4)), names(generate(t, l, prompt, 12))
		for _, name := range short {
			if !slices.Contains(long, name) {
				t.Errorf("%s: %s of %v is missing in %v", prompt, name, short, long)
			}
		}
	}
}

func TestFilteringStopsWhenNobodyWaits(t *testing.T) {
	l := newLibrary(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	filter, err := NewFilter(Request{Scaffold: parse(t, "c1ccccc1")})
	if err != nil {
		t.Fatal(err)
	}
	ranked := l.rank(newScorer(l.library, l.interpreter.Interpret("rose")), Request{}, tally{})
	if _, err := l.keep(ctx, filter, ranked, tally{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	l := newLibrary(b)
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
				if _, err := l.Generate(b.Context(), Request{Prompt: bm.prompt, Count: bm.count}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
