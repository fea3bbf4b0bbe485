package chem

import "testing"

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
