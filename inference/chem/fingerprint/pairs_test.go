package fingerprint

import (
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

func TestPairsCountEveryTwoHeavyAtoms(t *testing.T) {
	for smiles, want := range map[string]int{
		"C":             0,
		"CC":            1,
		"CCO":           3,
		"c1ccccc1":      15,
		"C.C":           0, // no path between them
		"CC.CC":         2,
		"[2H]C([2H])CO": 3, // hydrogens do not count
	} {
		m := chemtest.Parse(t, smiles)
		for name, s := range map[string]Sparse{
			"atom": AtomPairs(m), "element": ElementPairs(m), "group": GroupPairs(m),
		} {
			if got := total(s); got != want {
				t.Errorf("%s has %d %s pairs, want %d", smiles, got, name, want)
			}
		}
	}
}

func TestPairsOfBenzeneDifferByDistanceAlone(t *testing.T) {
	pairs := AtomPairs(chemtest.Parse(t, "c1ccccc1"))
	counts := map[int]int{}
	for _, p := range pairs {
		counts[p.Count]++
	}
	if len(pairs) != 3 || counts[6] != 2 || counts[3] != 1 {
		t.Errorf("ortho, meta and para pairs are %v, want 6, 6 and 3", pairs)
	}
}

func TestTorsionsCountEveryChainOfFour(t *testing.T) {
	for smiles, want := range map[string]int{
		"CCC":         0,
		"CCCC":        1,
		"CC(C)CC":     2,
		"CC(C)(C)C":   0,
		"C1CC1":       0,
		"C1CCC1":      4,
		"c1ccccc1":    6,
		"CC([2H])CCC": 2,
	} {
		if got := total(Torsions(chemtest.Parse(t, smiles))); got != want {
			t.Errorf("%s has %d torsions, want %d", smiles, got, want)
		}
	}
}

func TestAtomsAreToldApart(t *testing.T) {
	for _, group := range [][]string{
		{"CCCC", "CCCN", "CC=CC", "CC#CC", "CCC[NH3+]", "C1CCC1", "CCC(C)C"},
		{"c1ccccc1C", "C1CCCCC1C", "C1CC=CCC1C"},
	} {
		for _, name := range []string{"Morgan", "AtomPairs", "Torsions"} {
			fingerprint := fingerprints[name]
			seen := map[string]string{}
			for _, smiles := range group {
				text := fingerprint(chemtest.Parse(t, smiles)).text()
				if other, ok := seen[text]; ok {
					t.Errorf("%s does not tell %s from %s", name, smiles, other)
				}
				seen[text] = smiles
			}
		}
	}
}

func TestCoarserPairsSeeWhatRelativesShare(t *testing.T) {
	for _, c := range []struct {
		a, b           string
		element, group bool
	}{
		{"CCCO", "CC(C)O", false, false}, // other distances
		{"CC=CC", "CCCC", true, false},
		{"CC(=O)C", "CC(O)C", true, false},
		{"CCC(N)C", "CCC([NH3+])C", true, false},
		{"C1CCC1", "C1CCC1", true, true},
		{"CC[O-]", "CC[O]", true, true},
	} {
		a, b := chemtest.Parse(t, c.a), chemtest.Parse(t, c.b)
		if got := ElementPairs(a).text() == ElementPairs(b).text(); got != c.element {
			t.Errorf("%s and %s have equal element pairs: %v", c.a, c.b, got)
		}
		if got := GroupPairs(a).text() == GroupPairs(b).text(); got != c.group {
			t.Errorf("%s and %s have equal group pairs: %v", c.a, c.b, got)
		}
	}
}
