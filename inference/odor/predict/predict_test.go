package predict

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

func predictor(t testing.TB) *Predictor {
	t.Helper()
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// trainerCase is what the trainer computed for one molecule, in double
// precision.
type trainerCase struct {
	SMILES        string
	Inputs        []int
	Values        []float64
	Probabilities []float64
}

func readCases(t testing.TB) []trainerCase {
	t.Helper()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []trainerCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

func TestInputsAreTheTrainers(t *testing.T) {
	p := predictor(t)
	for _, c := range readCases(t) {
		got := p.inputs(Describe(chemtest.Parse(t, c.SMILES)))
		slices.SortFunc(got, func(a, b input) int { return a.index - b.index })
		if len(got) != len(c.Inputs) {
			t.Errorf("%s has %d inputs, want %d", c.SMILES, len(got), len(c.Inputs))
			continue
		}
		for i, in := range got {
			if in.index != c.Inputs[i] || math.Abs(float64(in.value)-c.Values[i]) > 1e-5 {
				t.Errorf("%s: input %d is %v, want %d %v", c.SMILES, i, in, c.Inputs[i], c.Values[i])
			}
		}
	}
}

func TestProbabilitiesAreTheTrainers(t *testing.T) {
	p := predictor(t)
	for _, c := range readCases(t) {
		for i, got := range p.Probabilities(chemtest.Parse(t, c.SMILES)) {
			if math.Abs(got-c.Probabilities[i]) > 1e-4 {
				t.Errorf("%s is %s with probability %v, want %v", c.SMILES, p.labels[i], got, c.Probabilities[i])
			}
		}
	}
}

func TestFamiliarOdorantsSmellAsTheyDo(t *testing.T) {
	p := predictor(t)
	for name, c := range map[string]struct{ smiles, label string }{
		"hexyl acetate":     {"CCCCCCOC(C)=O", "fruity"},
		"phenethyl alcohol": {"OCCc1ccccc1", "floral"},
		"geraniol":          {"CC(C)=CCCC(C)=CCO", "floral"},
		"vanillin":          {"O=Cc1ccc(O)c(OC)c1", "vanilla"},
		"furfuryl thiol":    {"SCc1ccco1", "coffee"},
		"diallyl disulfide": {"C=CCSSCC=C", "garlic"},
		"hexanoic acid":     {"CCCCCC(O)=O", "cheesy"},
		"cis-3-hexenol":     {"CCC=CCCO", "green"},
		"decalactone":       {"CCCCCC1CCCC(=O)O1", "coconut"},
		"muscone":           {"CC1CCCCCCCCCCCCC(=O)C1", "musk"},
	} {
		t.Run(name, func(t *testing.T) {
			probabilities := p.Probabilities(chemtest.Parse(t, c.smiles))
			at := slices.Index(p.Labels(), c.label)
			if at < 0 {
				t.Fatalf("no label %q", c.label)
			}
			above := 0
			for _, probability := range probabilities {
				if probability > probabilities[at] {
					above++
				}
			}
			if above >= 8 {
				t.Errorf("%s is number %d of the labels, with %.3f", c.label, above+1, probabilities[at])
			}
		})
	}
}

func TestEveryMoleculeHasProbabilities(t *testing.T) {
	p := predictor(t)
	for _, smiles := range []string{"C", "[Na+].[Cl-]", "*", "[U]", "[2H][2H]", strings.Repeat("C", 1000), strings.Repeat("CN", 30) + "C"} {
		checkProbabilities(t, p, chemtest.Parse(t, smiles))
	}
}

func checkProbabilities(t testing.TB, p *Predictor, m *chem.Molecule) {
	t.Helper()
	probabilities := p.Probabilities(m)
	if len(probabilities) != len(p.Labels()) {
		t.Fatalf("%d probabilities of %d labels", len(probabilities), len(p.Labels()))
	}
	for i, v := range probabilities {
		if !(v >= 0 && v <= 1) {
			t.Errorf("%s: the probability of %s is %v", m, p.labels[i], v)
		}
	}
}

func TestOrderOfAtomsDoesNotMatter(t *testing.T) {
	p := predictor(t)
	cases := readCases(t)
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(cases).Draw(t, "case")
		m, err := chem.Parse(c.SMILES)
		if err != nil {
			t.Fatal(err)
		}
		other, err := chem.Parse(m.RandomSMILES(newRand(rapid.Uint64().Draw(t, "seed"))))
		if err != nil {
			t.Fatal(err)
		}
		a, b := p.Probabilities(m), p.Probabilities(other)
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-5 {
				t.Fatalf("%s and %s are %s with %v and %v", m, other, p.labels[i], a[i], b[i])
			}
		}
	})
}

func BenchmarkProbabilities(b *testing.B) {
	p := predictor(b)
	m := chemtest.Parse(b, "CC1(C)CCCC(C)=C1C=CC(C)=O")
	for b.Loop() {
		p.Probabilities(m)
	}
}
