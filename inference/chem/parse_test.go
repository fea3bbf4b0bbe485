package chem

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestParseRefusesBadSyntaxWhereItStands(t *testing.T) {
	for _, test := range []struct {
		smiles string
		pos    int
		msg    string
	}{
		{"", 0, "empty"},
		{"C C", 1, "unexpected"},
		{"CX", 1, "unexpected"},
		{"C\x00", 1, "unexpected"},
		{"Cé", 1, "unexpected"},
		{"(C)C", 0, "no atom before"},
		{"C()C", 1, "empty branch"},
		{"C((C)C)", 2, "no atom before"},
		{"C(C", 1, "never closed"},
		{"C(C(C)C", 1, "never closed"},
		{"CC)C", 2, "')' without '('"},
		{"=C", 0, "no atom before"},
		{"C=", 1, "leads nowhere"},
		{"C==C", 1, "leads nowhere"},
		{"C=(C)C", 1, "leads nowhere"},
		{"C.", 1, "no atom after"},
		{".C", 0, "no atom before"},
		{"C..C", 2, "no atom before"},
		{"C=.C", 1, "leads nowhere"},
		{"1CC1", 0, "no atom before"},
		{"C1CC", 1, "never closed"},
		{"C2CC1", 1, "never closed"},
		{"C11", 2, "itself"},
		{"C1C1", 3, "bonded already"},
		{"C12CC12", 6, "bonded already"},
		{"C=1CCCCC-1", 8, "'=' at one end and '-' at the other"},
		{"C/1=CCCCCCC/1", 11, "at one end"},
		{"C%1CC%1", 1, "two digits"},
		{"C%", 1, "two digits"},
		{"C(1CC1)", 2, "no atom before"},
		{"[C", 0, "never closed"},
		{"C]", 1, "unexpected"},
		{"[]", 1, "no element"},
		{"[Xx]", 1, "no element"},
		{"[C@@@]", 4, "unexpected"},
		{"C[C@SP1](F)Cl", 3, "not supported"},
		{"[CHH]", 3, "unexpected"},
		{"[C:]", 3, "needs a number"},
		{"[C+16]", 3, "charge above"},
		{"[1000C]", 1, "isotope above"},
		{"[C:10000]", 3, "atom class above"},
		{"c", 0, "outside a ring"},
		{"Cc1ccccc1c", 9, "outside a ring"},
		{"C:C", 1, "':' joins"},
		{"F/C(\\Cl)=C/F", 8, "one side"},
	} {
		t.Run(test.smiles, func(t *testing.T) {
			_, err := Parse(test.smiles)
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if syntax.Pos != test.pos || !strings.Contains(syntax.Msg, test.msg) {
				t.Errorf("got %q at %d, want %q at %d", syntax.Msg, syntax.Pos, test.msg, test.pos)
			}
		})
	}
}

func TestParseRefusesImpossibleAtoms(t *testing.T) {
	for _, test := range []struct {
		smiles string
		atom   int
	}{
		{"C(C)(C)(C)(C)C", 0},
		{"CF=C", 1},
		{"CO(C)C", 1},
		{"N(C)(C)(C)C", 0},
		{"C=C=C=C(=C)C", 3},
		{"[CH5]", 0},
		{"[NH5+]", 0},
		{"[OH4+]", 0},
		{"[CH4+]", 0},
		{"CC#C#C", 2},
		{"[H]([H])[H]", 0},
		{"c1cccc1", 4},
		{"c1cccccc1", 6},
		{"n1cccc1", 4},
	} {
		t.Run(test.smiles, func(t *testing.T) {
			_, err := Parse(test.smiles)
			valence, ok := errors.AsType[*ValenceError](err)
			if !ok {
				t.Fatalf("got %v, want a *ValenceError", err)
			}
			if valence.Atom != test.atom {
				t.Errorf("blames atom %d, want %d: %v", valence.Atom, test.atom, err)
			}
		})
	}
}

func TestParseBoundsHostileInput(t *testing.T) {
	cage := func(rings int) string { // a chain of triangles
		return "C" + strings.Repeat("C1CC1", rings)
	}
	for name, smiles := range map[string]string{
		"ten megabytes of chain":    strings.Repeat("C", 10<<20),
		"ten megabytes of branches": strings.Repeat("C(", 5<<20),
		"too many atoms":            strings.Repeat("C", MaxAtoms+1),
		"too many rings":            cage(MaxRings + 1),
		"ring numbers all open":     strings.Repeat("C%10%11%12C%13", 2000),
		"branches too deep":         strings.Repeat("C(", MaxBranchDepth+1) + "C" + strings.Repeat(")", MaxBranchDepth+1),
		"brackets without end":      strings.Repeat("[", 10000),
		"endless charge":            "[C" + strings.Repeat("+", 10000) + "]",
		"endless isotope":           "[" + strings.Repeat("9", 10000) + "C]",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(smiles)
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
		})
	}
}

func TestParseAcceptsWhatJustFitsTheLimits(t *testing.T) {
	for name, smiles := range map[string]string{
		"atoms": strings.Repeat("C", MaxAtoms),
		"rings": "C" + strings.Repeat("C1CC1", MaxRings),
		"depth": strings.Repeat("C(", MaxBranchDepth) + "C" + strings.Repeat(")", MaxBranchDepth) + "C",
	} {
		t.Run(name, func(t *testing.T) {
			m := mustParse(t, smiles)
			checkReadsBack(t, m, m.SMILES())
		})
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	_, err := Parse("CC(C)(C)(C)C")
	want := "SMILES at byte 1: atom 1 (C): valence 5 is above the 4 allowed for charge 0"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Parse("CC(")
	want = "SMILES at byte 2: branch is never closed"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestImplicitHydrogens(t *testing.T) {
	for smiles, formula := range map[string]string{
		"C": "CH4", "N": "H3N", "O": "H2O", "S": "H2S", "P": "H3P", "B": "BH3", "F": "FH", "I": "HI",
		"S(C)(C)C": "C3H10S", "CS(=O)C": "C2H6OS", "P(C)(C)(C)C": "C4H13P", "Cl": "ClH",
		"[CH3]": "CH3", "[C]": "C", "[NH2-]": "H2N-", "[O-]C": "CH3O-", "[Na]": "Na", "[H+]": "H+",
		"c1ccccc1": "C6H6", "c1cc[nH]c1": "C4H5N", "b1ccccc1": "C5H5B", "[cH-]1cccc1": "C5H5-",
		"[H]C([H])([H])[H]": "CH4", "[H]O[H]": "H2O", "[H][H]": "H2", "[2H]O[2H]": "H2O", "[Ca+2]": "Ca+2",
		"*C": "CH3*", "[OH-].[OH-].[Mg+2]": "H2MgO2",
	} {
		t.Run(smiles, func(t *testing.T) {
			if got := mustParse(t, smiles).Formula(); got != formula {
				t.Errorf("formula %s, want %s", got, formula)
			}
		})
	}
}

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
