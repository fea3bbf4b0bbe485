package referee

import (
	"bufio"
	"encoding/json"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

// reference is what RDKit 2022.09 says of a molecule; referee.py --write makes
// it.
type reference struct {
	SMILES string `json:"smiles"`
	Figures
}

func readReferences(t *testing.T) []reference {
	t.Helper()
	file, err := os.Open("testdata/reference.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var references []reference
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var ref reference
		if err := json.Unmarshal(lines.Bytes(), &ref); err != nil {
			t.Fatal(err)
		}
		references = append(references, ref)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(references) < 300 {
		t.Fatalf("only %d reference molecules", len(references))
	}
	return references
}

// formulaPiece is an element with its count, or the charge at the end.
var formulaPiece = regexp.MustCompile(`[A-Z*][a-z]?\d*|[+-]\d*$`)

// pieces sorts what a formula consists of: without carbon, RDKit's order is not
// Hill's.
func pieces(formula string) []string {
	return slices.Sorted(slices.Values(formulaPiece.FindAllString(formula, -1)))
}

func TestAgreesWithRDKit(t *testing.T) {
	for _, ref := range readReferences(t) {
		t.Run(ref.SMILES, func(t *testing.T) {
			ours := Of(ref.SMILES)
			if ours.Error != "" {
				t.Fatal(ours.Error)
			}
			compareGraphs(t, ours, ref.Figures)
			for what, pair := range map[string][3]float64{
				// RDKit's atomic weights are an older table.
				"weight":          {ours.Weight, ref.Weight, 0.01 + 5e-4*ref.Weight},
				"exact mass":      {ours.ExactMass, ref.ExactMass, 1e-4},
				"logP":            {ours.LogP, ref.LogP, 0.001},
				"refractivity":    {ours.MolarRefractivity, ref.MolarRefractivity, 0.001},
				"TPSA":            {ours.TPSA, ref.TPSA, 0.001},
				"accessibility":   {ours.Accessibility, ref.Accessibility, 0.001},
				"donors":          {float64(ours.Donors), float64(ref.Donors), 0},
				"acceptors":       {float64(ours.Acceptors), float64(ref.Acceptors), 0},
				"rotatable bonds": {float64(ours.RotatableBonds), float64(ref.RotatableBonds), 0},
			} {
				if math.Abs(pair[0]-pair[1]) > pair[2] {
					t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
}

func compareGraphs(t *testing.T, ours, theirs Figures) {
	t.Helper()
	for what, same := range map[string]bool{
		"canonical form of random writings": ours.OneForm,
		"formula":                           slices.Equal(pieces(ours.Formula), pieces(theirs.Formula)),
		"hydrogens":                         slices.Equal(ours.Hydrogens, theirs.Hydrogens),
		"rings":                             slices.Equal(ours.Rings, theirs.Rings),
		"ring atoms":                        slices.Equal(ours.RingAtoms, theirs.RingAtoms),
		"aromatic atoms":                    slices.Equal(ours.AromaticAtoms, theirs.AromaticAtoms),
		"aromatic bonds":                    slices.Equal(ours.AromaticBonds, theirs.AromaticBonds),
		"Morgan":                            maps.Equal(ours.Morgan, theirs.Morgan),
		"canonical":                         canonical(t, theirs.Canonical) == ours.Canonical,
		"scaffold":                          canonical(t, theirs.Scaffold) == ours.Scaffold,
	} {
		if !same {
			t.Errorf("%s differs: %+v, want %+v", what, ours, theirs)
		}
	}
}

// canonical returns our canonical form of a writing of RDKit's.
func canonical(t *testing.T, smiles string) string {
	t.Helper()
	if smiles == "" {
		return ""
	}
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatal(err)
	}
	return m.SMILES()
}

func TestWritingsAreTheSameMolecule(t *testing.T) {
	for _, ref := range readReferences(t) {
		ours := Of(ref.SMILES)
		for _, text := range []string{ours.Random, ours.Kekule} {
			if got := canonical(t, text); got != ours.Canonical {
				t.Errorf("%s was written as %s, which is %s", ours.Canonical, text, got)
			}
		}
	}
}

func TestFiguresOfNoMolecule(t *testing.T) {
	if got := Of("CC("); got.Error == "" || got.Canonical != "" {
		t.Errorf("%+v", got)
	}
}
