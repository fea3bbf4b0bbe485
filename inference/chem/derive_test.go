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

func TestWithoutStereo(t *testing.T) {
	for _, c := range []struct{ marked, flat string }{
		{"C[C@H](O)CC", "CCC(C)O"},
		{"CC/C=C\\CCO", "CCC=CCCO"},
		{"CC(=C)[C@@H]1CC=C(C)C(=O)C1", "C=C(C)C1CC=C(C)C(=O)C1"},
		{"CCO", "CCO"},
	} {
		m := mustParse(t, c.marked)
		want := mustParse(t, c.flat).SMILES()
		if got := m.WithoutStereo().SMILES(); got != want {
			t.Errorf("%s without stereo is %s, want %s", c.marked, got, want)
		}
		if again := m.SMILES(); again != mustParse(t, c.marked).SMILES() {
			t.Errorf("%s was changed to %s", c.marked, again)
		}
	}
}
