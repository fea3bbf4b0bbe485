package chem

import (
	"math/rand/v2"
	"regexp"
	"strings"
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

// aliphaticBrackets are bracket atoms with a capital letter.
var aliphaticBrackets = regexp.MustCompile(`\[\d*[A-Z][^]]*\]`)

func TestKekuleFormReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, ref := range readReferences(t) {
		m := mustParse(t, ref.SMILES)
		text := m.KekuleSMILES()
		if strings.ContainsAny(aliphaticBrackets.ReplaceAllString(text, ""), "bcnops") {
			t.Errorf("%s: %s has aromatic atoms", ref.Name, text)
		}
		checkReadsBack(t, m, text)
		if other := mustParse(t, m.RandomSMILES(rng)).KekuleSMILES(); other != text {
			t.Errorf("%s has two Kekulé texts: %s and %s", ref.Name, text, other)
		}
	}
}

func TestRandomSMILESFromBeginsWithTheAtom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := mustParse(t, "CCO.[Na+].c1ccncc1")
	for root := range m.NumAtoms() {
		text := m.RandomSMILESFrom(rng, root)
		first := mustParse(t, text).Atom(0)
		if first.Element != m.Atom(root).Element {
			t.Errorf("%s does not begin with atom %d", text, root)
		}
		checkReadsBack(t, m, text)
	}
}

func TestRingSets(t *testing.T) {
	for smiles, sizes := range map[string][2]int{
		"CCO": {0, 0}, "C1CC1": {1, 1}, "c1ccc2ccccc2c1": {2, 2},
		"C12C3C4C1C5C2C3C45": {5, 6}, "C1CC2CCC1CC2": {2, 3}, "C1C2CC3CC1CC(C2)C3": {3, 4},
	} {
		m := mustParse(t, smiles)
		if len(m.SSSR()) != sizes[0] || len(m.SymmetricRings()) != sizes[1] {
			t.Errorf("%s: %d and %d rings, want %v", smiles, len(m.SSSR()), len(m.SymmetricRings()), sizes)
		}
		for _, atoms := range m.SymmetricRings() {
			for i, a := range atoms {
				if m.BondBetween(a, atoms[(i+1)%len(atoms)]) < 0 {
					t.Errorf("%s: %v is no ring", smiles, atoms)
				}
			}
		}
	}
}
