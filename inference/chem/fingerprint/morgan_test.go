package fingerprint

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// reference is a molecule and RDKit 2022.09's GetMorganFingerprint of it, as
// text.
type reference struct{ smiles, features string }

func readReferences(t testing.TB) []reference {
	t.Helper()
	file, err := os.Open("testdata/morgan.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var references []reference
	for lines := bufio.NewScanner(file); lines.Scan(); {
		smiles, features, _ := strings.Cut(lines.Text(), "\t")
		references = append(references, reference{smiles, features})
	}
	if len(references) < 200 {
		t.Fatalf("only %d references", len(references))
	}
	return references
}

// total adds up the counts.
func total(s Sparse) int {
	sum := 0
	for _, f := range s {
		sum += f.Count
	}
	return sum
}

func (s Sparse) text() string {
	var parts []string
	for _, f := range s {
		parts = append(parts, fmt.Sprintf("%d:%d", f.ID, f.Count))
	}
	return strings.Join(parts, " ")
}

func TestMorganIsThatOfRDKit(t *testing.T) {
	for _, ref := range readReferences(t) {
		if got := Morgan(chemtest.Parse(t, ref.smiles), 2).text(); got != ref.features {
			t.Errorf("%s: %s\nwant %s", ref.smiles, got, ref.features)
		}
	}
}

func TestMorganOfRadius0DescribesAtomsAlone(t *testing.T) {
	for smiles, want := range map[string]int{"CCO": 3, "CCCCCC": 2, "c1ccccc1": 1, "C": 1} {
		for _, radius := range []int{0, -1} {
			if got := len(Morgan(chemtest.Parse(t, smiles), radius)); got != want {
				t.Errorf("%s has %d kinds of atoms, want %d", smiles, got, want)
			}
		}
	}
}

func TestMorganEndsWhereTheMoleculeEnds(t *testing.T) {
	m := chemtest.Parse(t, "CCCCO")
	if near, far := Morgan(m, 4), Morgan(m, MaxRadius); !slices.Equal(near, far) {
		t.Errorf("radius 4 finds %v, a larger one %v", near, far)
	}
}

// fingerprints are the functions whose results belong to the molecule alone.
var fingerprints = map[string]func(*chem.Molecule) Sparse{
	"Morgan":       func(m *chem.Molecule) Sparse { return Morgan(m, 3) },
	"AtomPairs":    AtomPairs,
	"ElementPairs": ElementPairs,
	"GroupPairs":   GroupPairs,
	"Torsions":     Torsions,
}

func TestOrderOfAtomsDoesNotMatter(t *testing.T) {
	references := readReferences(t)
	rapid.Check(t, func(t *rapid.T) {
		ref := rapid.SampledFrom(references).Draw(t, "molecule")
		m, err := chem.Parse(ref.smiles)
		if err != nil {
			t.Fatal(err)
		}
		random := m.RandomSMILES(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		other, err := chem.Parse(random)
		if err != nil {
			t.Fatal(err)
		}
		for name, fingerprint := range fingerprints {
			if a, b := fingerprint(m), fingerprint(other); !slices.Equal(a, b) {
				t.Errorf("%s of %s and %s differ: %v, %v", name, ref.smiles, random, a, b)
			}
		}
	})
}

func TestFeaturesAreSortedAndCounted(t *testing.T) {
	for _, ref := range readReferences(t) {
		for name, fingerprint := range fingerprints {
			s := fingerprint(chemtest.Parse(t, ref.smiles))
			for i, f := range s {
				if f.Count < 1 || i > 0 && s[i-1].ID >= f.ID {
					t.Errorf("%s of %s: feature %d is %v after %v", name, ref.smiles, i, f, s[max(i-1, 0)])
				}
			}
		}
	}
}

// largeMolecule is far beyond any odorant, in atoms; the parser takes twice as
// many.
const largeMolecule = chem.MaxAtoms / 2

func TestFeaturesOfLargeMoleculesAreBounded(t *testing.T) {
	limits := map[string]int{
		"fragments": largeMolecule * (MaxRadius + 1),
		"pairs":     largeMolecule * (largeMolecule - 1) / 2,
		"torsions":  maxTorsions,
	}
	for name, smiles := range map[string]string{
		"a long chain":      strings.Repeat("C", largeMolecule),
		"a crowded metal":   "[U]" + strings.Repeat("(C)", largeMolecule-1),
		"many lone atoms":   strings.Repeat("C.", largeMolecule-1) + "C",
		"two joined metals": "[U]" + strings.Repeat("(C)", largeMolecule/2-1) + "[U]" + strings.Repeat("(C)", largeMolecule/2-1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := chemtest.Parse(t, smiles)
			for name, n := range map[string]int{"fragments": total(Morgan(m, MaxRadius)), "pairs": total(AtomPairs(m)), "torsions": total(Torsions(m))} {
				if n > limits[name] {
					t.Errorf("%d %s", n, name)
				}
			}
		})
	}
}

func BenchmarkMorgan(b *testing.B) {
	m := chemtest.Parse(b, "CC1(C)CCCC(C)=C1C=CC(C)=O")
	for b.Loop() {
		Morgan(m, 2)
	}
}
