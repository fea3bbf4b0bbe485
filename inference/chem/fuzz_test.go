package chem

import (
	"math/rand/v2"
	"testing"
)

// FuzzParse checks on any text that parsing never panics and that a molecule,
// once written, reads back as the same molecule in whatever order.
func FuzzParse(f *testing.F) {
	for _, smiles := range []string{
		"CCO", "c1ccccc1", "C1CC1.[Na+].[Cl-]", "F/C=C\\F", "N[C@@H](C)C(=O)O", "[13CH3:7][NH3+]",
		"c1cc2cccc-2c1", "C%12CC%12", "[H]/C(F)=C/F", "C[S@](=O)c1ccccc1", "O=N(=O)c1ccccc1", "CN=[N]=N",
		"C1=CC2=CC=CC=CC2=C1", "F/C=C/C=C/C=C\\F", "C12C3C4C1C5C2C3C45", "[2H]C([2H])C", "*c1ccccc1", "C(.O)C",
		"F/C=C(\\[H])C=CC(/[H])=C/F", "[H]/N=C(/C)CC", "[H]/N=C1/CCC(CC1)C(/C)=N/[H]", "C[C@H]1CC[C@@H](C)CC1", "[se]1cccc1", "B1OC1", "C#C", "[Fe+2]",
	} {
		f.Add(smiles)
	}
	f.Fuzz(func(t *testing.T, smiles string) {
		m, err := Parse(smiles)
		if err != nil {
			return
		}
		checkReadsBack(t, m, m.SMILES())
		rng := rand.New(rand.NewPCG(uint64(len(smiles)), 1))
		checkReadsBack(t, m, m.RandomSMILES(rng))
		checkReadsBack(t, m, m.KekuleSMILES())
		if scaffold := m.Scaffold(); scaffold != nil {
			checkReadsBack(t, scaffold, scaffold.SMILES())
		}
		if len(m.SSSR()) != m.Rings() {
			t.Fatalf("%s: %d rings in a set of %d", m, m.Rings(), len(m.SSSR()))
		}
	})
}

// FuzzReadAtom checks that what reads as an atom is one token of a SMILES.
func FuzzReadAtom(f *testing.F) {
	for _, atom := range []string{"C", "Cl", "[nH]", "[13C@@H2-:7]", "[Fe+2]", "[", "*"} {
		f.Add(atom)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, bracket, err := ReadAtom(text)
		if err != nil || a.Aromatic {
			return
		}
		if bracket != (text[0] == '[') {
			t.Fatalf("%q: bracket is %v", text, bracket)
		}
		m, err := Parse(text)
		if err != nil {
			return // no such hydrogens or charge
		}
		if m.NumAtoms() != 1 || m.Atom(0).Element != a.Element {
			t.Fatalf("%q is %v, but reads as %s", text, a, m)
		}
	})
}

func checkReadsBack(t testing.TB, m *Molecule, text string) {
	t.Helper()
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%s was written as %s: %v", m, text, err)
	}
	if again.SMILES() != m.SMILES() {
		t.Fatalf("%s was written as %s, which reads as %s", m, text, again)
	}
	if again.Formula() != m.Formula() {
		t.Fatalf("%s has formula %s, but %s once written as %s", m, m.Formula(), again.Formula(), text)
	}
}
