package chem

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference holds what RDKit 2022.09 reports of one well-known molecule.
type reference struct {
	Name, SMILES, Formula   string
	Weight, ExactMass       float64
	Heavy, Hydrogens, Rings int
	AromaticAtoms           int
	AromaticBonds           int
	RDKit                   string
}

func readReferences(t testing.TB) []reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var references []reference
	if err := json.Unmarshal(data, &references); err != nil {
		t.Fatal(err)
	}
	if len(references) < 200 {
		t.Fatalf("only %d reference molecules", len(references))
	}
	return references
}

func mustParse(t testing.TB, smiles string) *Molecule {
	t.Helper()
	m, err := Parse(smiles)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAgreesWithReferenceOnEveryProperty(t *testing.T) {
	for _, ref := range readReferences(t) {
		t.Run(ref.Name, func(t *testing.T) {
			m := mustParse(t, ref.SMILES)
			for what, pair := range map[string][2]int{
				"heavy atoms":    {m.HeavyAtoms(), ref.Heavy},
				"hydrogens":      {countHydrogens(m), ref.Hydrogens},
				"rings":          {m.Rings(), ref.Rings},
				"aromatic atoms": {countAromaticAtoms(m), ref.AromaticAtoms},
				"aromatic bonds": {countAromaticBonds(m), ref.AromaticBonds},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: %d, want %d", what, pair[0], pair[1])
				}
			}
			if m.Formula() != ref.Formula {
				t.Errorf("formula %s, want %s", m.Formula(), ref.Formula)
			}
			// RDKit's table of atomic weights is an older one.
			if difference := math.Abs(m.Weight() - ref.Weight); difference > 0.03 {
				t.Errorf("weight %.3f, want %.3f", m.Weight(), ref.Weight)
			}
		})
	}
}

func TestReferenceWritingGivesTheSameCanonicalForm(t *testing.T) {
	for _, ref := range readReferences(t) {
		ours, theirs := mustParse(t, ref.SMILES), mustParse(t, ref.RDKit)
		if ours.SMILES() != theirs.SMILES() {
			t.Errorf("%s: %s and %s give %s and %s", ref.Name, ref.SMILES, ref.RDKit, ours, theirs)
		}
	}
}

func TestDifferentReferencesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, ref := range readReferences(t) {
		canonical := mustParse(t, ref.SMILES).SMILES()
		if other, ok := seen[canonical]; ok {
			t.Errorf("%s and %s are both %s", ref.Name, other, canonical)
		}
		seen[canonical] = ref.Name
	}
}

func TestMonoisotopicMassOfReferences(t *testing.T) {
	for _, ref := range readReferences(t) {
		m := mustParse(t, ref.SMILES)
		if math.Abs(m.MonoisotopicMass()-ref.ExactMass) > 2e-5 {
			t.Errorf("%s: %.5f Da, want %.5f", ref.Name, m.MonoisotopicMass(), ref.ExactMass)
		}
	}
}

func countHydrogens(m *Molecule) int {
	n := 0
	for _, a := range m.Atoms() {
		n += int(a.Hydrogens)
		if a.Element == Hydrogen {
			n++
		}
	}
	return n
}

func countAromaticAtoms(m *Molecule) int {
	n := 0
	for _, a := range m.Atoms() {
		if a.Aromatic {
			n++
		}
	}
	return n
}

func countAromaticBonds(m *Molecule) int {
	n := 0
	for _, b := range m.Bonds() {
		if b.Aromatic {
			n++
		}
	}
	return n
}
