package diffusion

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
)

// asking wants labels by name.
func asking(t testing.TB, m *Model, labels ...string) *Condition {
	t.Helper()
	wanted := make([]float32, len(m.Labels()))
	for _, label := range labels {
		i := slices.Index(m.Labels(), label)
		if i < 0 {
			t.Fatalf("no label %q", label)
		}
		wanted[i] = 1
	}
	return &Condition{Wanted: wanted}
}

func blanks(t testing.TB, m *Model, condition *Condition, count int) []Task {
	t.Helper()
	drafts, err := m.Blanks(rand.New(rand.NewPCG(1, 2)), condition, count)
	if err != nil {
		t.Fatal(err)
	}
	return drafts
}

func texts(t testing.TB, m *Model, tasks []Task, s Settings) []string {
	t.Helper()
	samples, err := m.Sample(t.Context(), tasks, s)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(samples))
	for i, sample := range samples {
		if sample.Err == nil {
			out[i] = sample.SMILES
		}
	}
	return out
}

func TestNearlyAllSamplesAreMolecules(t *testing.T) {
	m := model(t)
	condition := asking(t, m, "fruity")
	const count = 200
	good := 0
	for _, text := range texts(t, m, blanks(t, m, condition, count), DefaultSettings()) {
		if _, err := chem.Parse(text); err == nil && text != "" {
			good++
		}
	}
	if good < count*98/100 {
		t.Errorf("%d of %d samples are molecules", good, count)
	}
}

func TestTheSameSeedGivesTheSameSamples(t *testing.T) {
	m := model(t)
	condition := asking(t, m, "woody", "amber")
	drafts := blanks(t, m, condition, 12)
	settings := DefaultSettings()
	settings.Seed = 7
	first := texts(t, m, drafts, settings)
	if diff := cmp.Diff(first, texts(t, m, drafts, settings)); diff != "" {
		t.Errorf("again with the same seed:\n%s", diff)
	}
	settings.Seed = 8
	if cmp.Equal(first, texts(t, m, drafts, settings)) {
		t.Error("another seed gave the same samples")
	}
}

func TestSamplesDoNotDependOnWhatElseIsSampled(t *testing.T) {
	m := model(t)
	condition := asking(t, m, "rose")
	drafts := blanks(t, m, condition, 6)
	alone := texts(t, m, drafts, DefaultSettings())
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			settings := DefaultSettings()
			if i%2 == 1 {
				settings.Seed = uint64(i)
				_, _ = m.Sample(t.Context(), blanks(t, m, new(Condition), 6), settings)
				return
			}
			samples, err := m.Sample(t.Context(), drafts, settings)
			if err != nil {
				t.Error(err)
				return
			}
			for j, sample := range samples {
				if sample.Err == nil && sample.SMILES != alone[j] {
					t.Errorf("beside others %q, alone %q", sample.SMILES, alone[j])
				}
			}
		})
	}
	group.Wait()
}

func TestTheConditionMatters(t *testing.T) {
	m := model(t)
	settings := DefaultSettings()
	sulfur := func(condition *Condition) int {
		n := 0
		for _, text := range texts(t, m, blanks(t, m, condition, 60), settings) {
			if strings.ContainsAny(text, "Ss") {
				n++
			}
		}
		return n
	}
	onion, rose := sulfur(asking(t, m, "onion", "sulfurous")), sulfur(asking(t, m, "rose", "floral"))
	if onion < 40 || rose > 10 {
		t.Errorf("of 60 molecules each, %d for onion and %d for rose have sulfur", onion, rose)
	}
}

func TestFiguresDrawSamplesNear(t *testing.T) {
	m := model(t)
	mean := func(weight float64) float64 {
		condition := &Condition{Figures: map[string]float64{"weight": weight}}
		sum, n := 0.0, 0.0
		for _, text := range texts(t, m, blanks(t, m, condition, 80), DefaultSettings()) {
			if molecule, err := chem.Parse(text); err == nil {
				sum += molecule.Weight()
				n++
			}
		}
		return sum / n
	}
	for _, weight := range []float64{120, 220} {
		if got := mean(weight); math.Abs(got-weight) > 30 {
			t.Errorf("molecules of about %g g/mol weigh %.0f", weight, got)
		}
	}
}

func TestExtremeFiguresAreStillAnswered(t *testing.T) {
	m := model(t)
	for _, x := range []float64{-1e9, 1e9, math.Inf(1)} {
		condition := &Condition{Figures: map[string]float64{"weight": x, "logp": x}}
		for _, text := range texts(t, m, blanks(t, m, condition, 3), DefaultSettings()) {
			if _, err := chem.Parse(text); err != nil {
				t.Errorf("figures of %g: %q: %v", x, text, err)
			}
		}
	}
}

func TestStepsAreReportedUpToTheEnd(t *testing.T) {
	m := model(t)
	settings := DefaultSettings()
	settings.Steps = 16
	settings.Confident = 2 // never ahead of its step
	var unmasked []float64
	settings.Progress = func(step, steps int, share float64) {
		if step != len(unmasked)+1 || steps != settings.Steps {
			t.Errorf("step %d of %d after %d", step, steps, len(unmasked))
		}
		unmasked = append(unmasked, share)
	}
	draft, err := m.Blank(32)
	if err != nil {
		t.Fatal(err)
	}
	texts(t, m, []Task{{draft, new(Condition)}}, settings)
	if len(unmasked) != settings.Steps || !slices.IsSorted(unmasked) || unmasked[len(unmasked)-1] != 1 {
		t.Errorf("shares unmasked: %v", unmasked)
	}
}

func TestTheWidthDoesNotChangeTheSamples(t *testing.T) {
	m := model(t)
	drafts := blanks(t, m, asking(t, m, "rose", "honey"), 9)
	want := texts(t, m, drafts, DefaultSettings())
	for _, width := range []int{1, 4, 9} {
		settings := DefaultSettings()
		settings.Width = width
		if diff := cmp.Diff(want, texts(t, m, drafts, settings)); diff != "" {
			t.Errorf("%d at once:\n%s", width, diff)
		}
	}
}

func TestSamplesAreHandedOnInTheirOrderWhileOthersAreOpen(t *testing.T) {
	m := model(t)
	drafts := blanks(t, m, asking(t, m, "rose"), 12)
	settings := DefaultSettings()
	settings.Width = 3
	var finished []string
	var passes, first int
	settings.Progress = func(pass, most int, _ float64) {
		if passes = pass; pass > most {
			t.Errorf("pass %d of %d", pass, most)
		}
	}
	settings.Finished = func(s Sample) error {
		if finished = append(finished, s.SMILES); first == 0 {
			first = passes
		}
		return nil
	}
	samples, err := m.Sample(t.Context(), drafts, settings)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range samples {
		if len(finished) != len(samples) || finished[i] != s.SMILES {
			t.Fatalf("handed on %q, returned %q", finished, samples)
		}
	}
	if first > settings.Steps || first*3 > passes {
		t.Errorf("the first of %d samples was handed on after %d of %d passes", len(samples), first, passes)
	}
}

func TestWhoHearsOfASampleCanEndTheSampling(t *testing.T) {
	m := model(t)
	settings := DefaultSettings()
	settings.Width = 1
	enough, heard := errors.New("enough"), 0
	settings.Finished = func(Sample) error {
		heard++
		return enough
	}
	if _, err := m.Sample(t.Context(), blanks(t, m, new(Condition), 3), settings); !errors.Is(err, enough) || heard != 1 {
		t.Errorf("error %v after %d samples", err, heard)
	}
}

func TestFewStepsSuffice(t *testing.T) {
	m := model(t)
	for _, steps := range []int{1, 2, 48, 500} {
		settings := DefaultSettings()
		settings.Steps = steps
		for _, text := range texts(t, m, blanks(t, m, new(Condition), 4), settings) {
			if text == "" {
				t.Errorf("%d steps left a draft unfinished", steps)
			}
		}
	}
}

func TestSamplingStopsBetweenSteps(t *testing.T) {
	m := model(t)
	ctx, cancel := context.WithCancel(t.Context())
	settings := DefaultSettings()
	settings.Confident = 2
	steps := 0
	settings.Progress = func(int, int, float64) {
		if steps++; steps == 3 {
			cancel()
		}
	}
	draft, err := m.Blank(40)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Sample(ctx, []Task{{draft, new(Condition)}}, settings); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if steps != 3 {
		t.Errorf("%d steps after being cancelled in the third", steps)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	m := model(t)
	for name, spoil := range map[string]func(*Settings){
		"steps":       func(s *Settings) { s.Steps = 0 },
		"temperature": func(s *Settings) { s.Temperature = math.NaN() },
		"guidance":    func(s *Settings) { s.Guidance = math.Inf(1) },
		"confident":   func(s *Settings) { s.Confident = math.NaN() },
		"nucleus":     func(s *Settings) { s.Nucleus = 0 },
		"width":       func(s *Settings) { s.Width = 0 },
	} {
		settings := DefaultSettings()
		spoil(&settings)
		_, err := m.Sample(t.Context(), nil, settings)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestLengthsAreADistribution(t *testing.T) {
	m := model(t)
	sum := 0.0
	for _, p := range m.Lengths(*asking(t, m, "musk")) {
		if p < 0 {
			t.Fatalf("probability %g", p)
		}
		sum += p
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the probabilities add up to %g", sum)
	}
}

func TestDrawLengthStaysWithinTheModel(t *testing.T) {
	m := model(t)
	rapid.Check(t, func(t *rapid.T) {
		lengths := make([]float64, m.MaxTokens()+1)
		lengths[rapid.IntRange(0, m.MaxTokens()).Draw(t, "certain")] = 1
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		if n := drawLength(rng, lengths); n < 1 || n > m.MaxTokens() {
			t.Fatalf("%d tokens", n)
		}
	})
}
