package chem

import (
	"testing"
)

func TestScaffold(t *testing.T) {
	for smiles, want := range map[string]string{
		"CC(C)Cc1ccc(C(C)C(=O)O)cc1": "c1ccccc1",
		"c1ccccc1CCc1ccccc1C":        "c1ccc(CCc2ccccc2)cc1",
		"CC1CCCCCCCCCCCCC(=O)C1":     "O=C1CCCCCCCCCCCCCC1",
		"CC=C1CCCCC1":                "C=C1CCCCC1",
		"O=C(Nc1ccccc1)c1ccccc1":     "O=C(Nc1ccccc1)c1ccccc1",
		"Cn1cccc1":                   "c1cc[nH]c1",
		"C[n+]1ccccc1":               "c1cc[nH+]cc1",
		"C[N+]1(C)CCCCC1":            "C1CC[NH2+]CC1",
		"C[C@H]1CC[C@@H](C)CC1":      "C1CCCCC1",
		"CS(=O)(=O)c1ccccc1":         "c1ccccc1",
		"c1ccccc1S(=O)(=O)C1CC1":     "O=S(=O)(c1ccccc1)C1CC1",
		"CC1CC1.Cc1ccco1":            "C1CC1.c1ccoc1",
		"N#Cc1ccccc1":                "c1ccccc1",
		"C1CC1C(CC)CC1CCC1":          "C(CC1CC1)C1CCC1",
	} {
		scaffold := mustParse(t, smiles).Scaffold()
		if got := mustParse(t, want).SMILES(); scaffold.SMILES() != got {
			t.Errorf("%s has the framework %s, want %s", smiles, scaffold, got)
		}
		checkReadsBack(t, scaffold, scaffold.SMILES())
	}
	if mustParse(t, "CCO.CC").Scaffold() != nil {
		t.Error("a molecule without rings has a framework")
	}
}

func TestAScaffoldIsItsOwn(t *testing.T) {
	for _, ref := range readReferences(t) {
		scaffold := mustParse(t, ref.SMILES).Scaffold()
		if scaffold == nil {
			continue
		}
		if again := scaffold.Scaffold(); again.SMILES() != scaffold.SMILES() {
			t.Errorf("%s: %s became %s", ref.Name, scaffold, again)
		}
	}
}
