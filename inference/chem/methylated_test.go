package chem

import "testing"

func TestAMethylGroupTakesThePlaceOfAHydrogen(t *testing.T) {
	for name, c := range map[string]struct {
		smiles string
		atom   int
		want   string
	}{
		"on oxygen":          {"CCO", 2, "CCOC"},
		"in the chain":       {"CCO", 1, "CC(C)O"},
		"on a ring":          {"c1ccccc1", 0, "Cc1ccccc1"},
		"on pyrrole":         {"c1cc[nH]c1", 3, "Cn1cccc1"},
		"in one component":   {"CO.N", 2, "CO.CN"},
		"on a stereo centre": {"C[C@H](O)CC", 1, "CCC(C)(C)O"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(c.smiles)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Parse(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Methylated(c.atom); got.SMILES() != want.SMILES() || got.Components() != want.Components() {
				t.Errorf("%s: %s, want %s", m, got, want)
			}
		})
	}
}
