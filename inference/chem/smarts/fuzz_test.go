package smarts_test

import (
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// FuzzCompile checks on any pattern that compiling and searching never panic,
// and that what is found agrees with what is said to match.
func FuzzCompile(f *testing.F) {
	for _, pattern := range []string{
		"C", "[CX4;!R][OX2H1]", "[$(C=O),$([N+])]", "c1ccccc1", "C-;!@C", "[2H]", "[#6]~[!#1&!#6]",
		"C%10CC%10", "[C+++]", "[H+]", "N.[O-]", "C/C=C\\C", "[!!C]", "[r5R2x3v4h1D2]", "[", "[$(",
	} {
		f.Add(pattern)
	}
	var molecules []*chem.Molecule
	for _, smiles := range []string{"CC(=O)Oc1ccccc1C(=O)[O-]", "[2H]C1CC2CC1C2", "C[N+](=O)[O-].[Na+]"} {
		molecules = append(molecules, chemtest.Parse(f, smiles))
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		p, err := smarts.Compile(pattern)
		if err != nil {
			return
		}
		for _, m := range molecules {
			found := p.Find(m, 1)
			if len(found) > 0 && !p.Matches(m) {
				t.Errorf("%q is found in %s and does not match it", pattern, m)
			}
			for _, match := range found {
				if len(match) != p.NumAtoms() {
					t.Errorf("%q has %d atoms, its match %v", pattern, p.NumAtoms(), match)
				}
			}
		}
	})
}
