// Package hazards compares the gateway's table of dangerous substances with the
// chemistry of the inference service.
package hazards

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/structure"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

func table(t *testing.T) *hazard.Table {
	t.Helper()
	text, err := os.ReadFile("../../policies/hazards/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var content any
	if err := yaml.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	loaded, err := hazard.Load(content)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestStructuresAreCanonicalAndHaveTheirFormulas(t *testing.T) {
	for _, s := range table(t).Substances() {
		if s.SMILES() == "" {
			continue
		}
		m, err := chem.Parse(s.SMILES())
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if m.SMILES() != s.SMILES() {
			t.Errorf("%s: smiles is %s, whose canonical form is %s", s.Name, s.SMILES(), m.SMILES())
		}
		if s.Formula() != "" && s.Formula() != m.Formula() {
			t.Errorf("%s: formula is %s, that of its smiles %s", s.Name, s.Formula(), m.Formula())
		}
	}
}

func TestASubstanceIsRecognisedInAnySpelling(t *testing.T) {
	const spellings = 25
	loaded := table(t)
	rng := rand.New(rand.NewPCG(1, 9))
	for _, s := range loaded.Substances() {
		if s.SMILES() == "" {
			continue
		}
		m, err := chem.Parse(s.SMILES())
		if err != nil {
			t.Fatal(err)
		}
		want, ok := structure.Read(s.SMILES())
		if !ok {
			t.Fatalf("%s: %s is not read", s.Name, s.SMILES())
		}
		for _, text := range spelled(m, rng, spellings) {
			got, ok := structure.Read(text)
			if !ok || got.Whole != want.Whole {
				t.Errorf("%s: %s has another key than %s", s.Name, text, s.SMILES())
			}
			if _, found := loaded.Identified(hazard.Token{By: hazard.Structure, Text: text}); !found {
				t.Errorf("%s is not recognised as %s", s.Name, text)
			}
		}
	}
}

// spelled returns spellings of a molecule: its Kekulé form, and its atoms in
// other orders.
func spelled(m *chem.Molecule, rng *rand.Rand, count int) []string {
	texts := []string{m.KekuleSMILES()}
	for len(texts) < count {
		texts = append(texts, m.RandomSMILES(rng))
	}
	return texts
}

func TestNoOdorantIsTakenForAHazard(t *testing.T) {
	loaded := table(t)
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	dictionary, err := term.New([]term.Set{{Name: "names", Terms: loaded.Terms()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, odorant := range library.Odorants() {
		dictionary.Scan(textnorm.Seamed(odorant.Name), func(hit term.Hit) bool {
			if match := loaded.Named(hit); !match.Innocent {
				t.Errorf("the odorant %s is called %s", odorant.Name, match.Name)
			}
			return true
		})
		for by, text := range map[hazard.By]string{hazard.Structure: odorant.Structure.SMILES(), hazard.Formula: odorant.Structure.Formula()} {
			if match, found := loaded.Identified(hazard.Token{By: by, Text: text}); found && !match.Innocent {
				t.Errorf("the odorant %s is taken for %s by its %s", odorant.Name, match.Name, by)
			}
		}
	}
}

// What the screen lets pass as a flavouring or a perfumer's material is no
// hazard here either.
func TestNoHarmlessMaterialIsTakenForAHazard(t *testing.T) {
	loaded := table(t)
	text, err := os.ReadFile("../../inference/safety/testdata/harmless.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(cells) < 2 {
			continue
		}
		if match, found := loaded.Identified(hazard.Token{By: hazard.Structure, Text: cells[1]}); found && !match.Innocent {
			t.Errorf("%s is taken for %s", cells[0], match.Name)
		}
	}
}
