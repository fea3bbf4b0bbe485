package safety

import (
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

func TestPropertiesOutOfRangeAreFound(t *testing.T) {
	for _, c := range []struct {
		name, smiles string
		want         []string
	}{
		{"an odorant", "CCCC(=O)OCC", nil},
		{"21 heavy atoms", strings.Repeat("C", 21), nil},
		{"22 heavy atoms", strings.Repeat("C", 22), []string{"heavy-atoms"}},
		{"three oxygens", "COCOCOC", nil},
		{"oxygen and sulfur", "COCOCSCOC", []string{"oxygen-sulfur"}},
		{"two donors", "OCCCCCO", []string{"donors"}},
		{"nitrogen", "CCCN(C)C", []string{"nitrogen"}},
		{"halogen", "CC(C)(C)F", []string{"halogen"}},
		{"silicon", "C[Si](C)(C)C", []string{"element"}},
		{"heavy and large", strings.Repeat("C", 26), []string{"heavy-atoms", "weight"}},
		{"ion", "CCCC[O-]", []string{"ion"}},
		{"nitro is no ion", "CC[N+](=O)[O-]", []string{"nitrogen"}},
		{"radical", "CC[CH2]", []string{"radical"}},
		{"wildcard", "CC*", []string{"wildcard"}},
		{"two molecules", "CCO.CCC", []string{"components"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range properties(chemtest.Parse(t, c.smiles)) {
				got = append(got, f.ID)
				if f.Basis != Property || f.Category != "property" || f.Source == "" || f.Title == "" {
					t.Errorf("finding %+v", f)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
