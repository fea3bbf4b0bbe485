package diffusion

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// freely asks for nothing.
func freely(drafts []Draft) []Task {
	tasks := make([]Task, len(drafts))
	for i, d := range drafts {
		tasks[i] = Task{d, new(Condition)}
	}
	return tasks
}

func TestDecorationsContainTheScaffold(t *testing.T) {
	m := model(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, scaffold := range []string{"c1ccccc1", "C1CCCCC1", "O=C1CCCO1", "c1ccc2c(c1)CCO2", "CC(=O)O", "C1CC2CCC1C2"} {
		t.Run(scaffold, func(t *testing.T) {
			structure := chemtest.Parse(t, scaffold)
			var drafts []Draft
			for range 40 {
				d, err := m.Decoration(rng, structure, 1+rng.IntN(10))
				if err != nil {
					t.Fatal(err)
				}
				drafts = append(drafts, d)
			}
			pattern := smarts.MustCompile(structure.SMILES())
			good := 0
			for _, text := range texts(t, m, freely(drafts), DefaultSettings()) {
				found, err := chem.Parse(text)
				if err != nil {
					continue
				}
				good++
				if !pattern.Matches(found) {
					t.Errorf("%s does not contain %s", text, scaffold)
				}
			}
			if good < len(drafts)*3/4 {
				t.Errorf("%d of %d texts are molecules", good, len(drafts))
			}
		})
	}
}

func TestVariationsKeepABeginning(t *testing.T) {
	m := model(t)
	rng := rand.New(rand.NewPCG(1, 1))
	vanillin := chemtest.Parse(t, "COc1cc(C=O)ccc1O")
	var drafts []Draft
	for range 40 {
		d, err := m.Variation(rng, vanillin, 0.6)
		if err != nil {
			continue // a writing that cannot be cut there
		}
		drafts = append(drafts, d)
	}
	if len(drafts) < 30 {
		t.Fatalf("%d of 40 writings could be cut", len(drafts))
	}
	good := 0
	for i, text := range texts(t, m, freely(drafts), DefaultSettings()) {
		given := m.text(drafts[i], drafts[i].tokens[:drafts[i].gaps[0].first])
		if !strings.HasPrefix(text, given) {
			t.Errorf("%s does not begin with %s", text, given)
		}
		if _, err := chem.Parse(text); err == nil {
			good++
		}
	}
	if good < len(drafts)*9/10 {
		t.Errorf("%d of %d texts are molecules", good, len(drafts))
	}
}

func TestWhatFillsAnInnerGapCannotCloseOuterRings(t *testing.T) {
	m := model(t)
	d, err := m.draft(given("c1ccc("), masked(6), given(")cc1"))
	if err != nil {
		t.Fatal(err)
	}
	// A ring in the gap, with a number that the ring around it uses.
	filled := append([]uint8(nil), d.tokens...)
	numbers, err := m.tokens("C1CC1C")
	if err != nil {
		t.Fatal(err)
	}
	copy(filled[d.gaps[0].first:], numbers)
	if got, want := chemtest.Parse(t, m.text(d, filled)).SMILES(), chemtest.Parse(t, "CC1CC1c1ccccc1").SMILES(); got != want {
		t.Errorf("the text is %s, want %s", got, want)
	}
}

func TestAGapBehindAFilledOneKnowsItsFirstAtom(t *testing.T) {
	m := model(t)
	// Were the filling's ring number pushed as it is, it would close the ring
	// of the scaffold.
	d, err := m.draft(given("C1("), masked(5), given(")CCCCC1"), masked(1))
	if err != nil {
		t.Fatal(err)
	}
	filling, err := m.tokens("C1CC1")
	if err != nil {
		t.Fatal(err)
	}
	w := m.newDecoder(d, 1, rand.New(rand.NewPCG(1, 1)))
	copy(w.tokens[d.gaps[0].first:], filling)
	if w.enter(1); w.err != nil {
		t.Error(w.err)
	}
}

func TestDraftsAreChecked(t *testing.T) {
	m := model(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name string
		make func() (Draft, error)
	}{
		{"an unknown token", func() (Draft, error) { return m.draft(given("CCBr")) }},
		{"no SMILES", func() (Draft, error) { return m.draft(given("C?")) }},
		{"nothing", func() (Draft, error) { return m.draft() }},
		{"too long", func() (Draft, error) { return m.Blank(m.MaxTokens() + 1) }},
		{"negative", func() (Draft, error) { return m.Blank(-1) }},
		{"a huge gap", func() (Draft, error) { return m.draft(masked(1 << 40)) }},
		{"an element that the model does not know", func() (Draft, error) { return m.Variation(rng, chemtest.Parse(t, "CCCl"), 0.99) }},
		{"a molecule to vary that is too long", func() (Draft, error) { return m.Variation(rng, chemtest.Parse(t, strings.Repeat("C", 70)), 0.8) }},
		{"a scaffold without hydrogens", func() (Draft, error) { return m.Decoration(rng, chemtest.Parse(t, "O=C=O"), 4) }},
		{"a scaffold without room", func() (Draft, error) {
			return m.Decoration(rng, chemtest.Parse(t, strings.Repeat("C", m.MaxTokens())), 4)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.make(); err == nil {
				t.Error("there is no error")
			}
		})
	}
}
