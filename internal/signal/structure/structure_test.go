package structure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/structure"
)

func key(t *testing.T, smiles string) uint64 {
	t.Helper()
	keys, ok := structure.Read(smiles)
	if !ok {
		t.Fatalf("%s is not read", smiles)
	}
	return keys.Whole
}

func TestOneMoleculeHasOneKey(t *testing.T) {
	for name, spellings := range map[string][]string{
		"order of atoms":       {"CCO", "OCC", "C(O)C", "O(CC)[H]"},
		"rings":                {"C1CCCCC1O", "OC1CCCCC1", "C2CC(O)CCC2", "C%11CC(O)CCC%11", "C%(42)CC(O)CCC%(42)"},
		"aromatic and Kekulé":  {"c1ccccc1C=O", "C1=CC=CC=C1C=O", "C1=CC=C(C=O)C=C1", "c1:c:c:c:c:c:1-C=O"},
		"heteroaromatic":       {"c1cc[nH]c1", "C1=CNC=C1", "[nH]1cccc1"},
		"nitro":                {"C[N+](=O)[O-]", "CN(=O)=O", "[O-][N+](C)=O"},
		"azide":                {"CN=[N+]=[N-]", "CN=N#N"},
		"stereo":               {"C[C@H](N)C(=O)O", "C[C@@H](N)C(O)=O", "CC(N)C(=O)O", "C[C@TH1H](N)C(=O)O"},
		"double bond geometry": {"C/C=C/C", `C/C=C\C`, "CC=CC"},
		"explicit hydrogens":   {"[H]C([H])([H])[H]", "C", "[CH4]", "[2H]C"},
		"isotopes":             {"[13CH4]", "C"},
		"atom maps":            {"[CH3:1][OH:2]", "CO"},
		"acid and anion":       {"CC(=O)[O-]", "CC(O)=O"},
		"amine and cation":     {"C[NH3+]", "CN"},
		"zwitterion":           {"C[NH2+]CC([O-])=O", "CNCC(=O)O"},
		"salts":                {"[Na]C#N", "[Na+].[C-]#N", "N#C[Na]", "[C-]#N.[Na+]"},
		"order of fragments":   {"CCN.Cl", "Cl.CCN", "[Cl-].CC[NH3+]"},
		"sulfoxide":            {"CS(C)=O", "C[S+](C)[O-]"},
		"charges":              {"[Ca+2].[C-]#N.[C-]#N", "[Ca++].[C-]#N.[C-]#N"},
	} {
		for _, other := range spellings[1:] {
			if key(t, other) != key(t, spellings[0]) {
				t.Errorf("%s: %s and %s have different keys", name, spellings[0], other)
			}
		}
	}
}

func TestAnInChIHasTheKeyOfItsSMILES(t *testing.T) {
	for inchi, smiles := range map[string]string{
		"InChI=1S/CH4/h1H4":                                                           "C",
		"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3":                                           "CCO",
		"InChI=1S/C6H6/c1-2-4-6-5-3-1/h1-6H":                                          "c1ccccc1",
		"InChI=1S/C4H10FO2P/c1-4(2)7-8(3,5)6/h4H,1-3H3":                               "CC(C)OP(C)(=O)F",
		"InChI=1S/C10H15N/c1-9(11-2)8-10-6-4-3-5-7-10/h3-7,9,11H,8H2,1-2H3":           "CNC(C)Cc1ccccc1",
		"InChI=1S/C10H15N/c1-9(11-2)8-10-6-4-3-5-7-10/h3-7,9,11H,8H2,1-2H3/t9-/m0/s1": "C[C@H](NC)Cc1ccccc1",
		"InChI=1S/C10H15N.ClH/c1-9(11-2)8-10-6-4-3-5-7-10;/h3-7,9,11H,8H2,1-2H3;1H":   "CNC(C)Cc1ccccc1.Cl",
		"InChI=1S/C7H5N3O6/c1-4-6(9(13)14)2-5(8(11)12)3-7(4)10(15)16/h2-3H,1H3":       "Cc1c(cc(cc1[N+](=O)[O-])[N+](=O)[O-])[N+](=O)[O-]",
		"InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)":        "CC(=O)Oc1ccccc1C(O)=O",
		"InChI=1S/2CH4/h2*1H4":                                                        "C.C",
	} {
		if key(t, inchi) != key(t, smiles) {
			t.Errorf("%s and %s have different keys", inchi, smiles)
		}
	}
	for _, text := range []string{"InChI=", "InChI=1S", "InChI=1S/", "InChI=1S/Xy", "InChI=1S/C2H6/c1-3", "InChI=1S/C2H6/c1-1", "InChI=1S/C2H6/h5H", "InChI=1S/C999999", "InChI=1S/99C"} {
		if keys, ok := structure.Read(text); ok {
			t.Errorf("%s is read as %v", text, keys)
		}
	}
}

func TestMoleculesDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, smiles := range []string{
		"C", "N", "CC", "C=C", "C#C", "CO", "CCO", "COC", "CCCO", "CC(C)O", "C1CC1", "C=CC", "c1ccccc1", "C1CCCCC1", "c1ccncc1",
		"CC(C)OP(C)(=O)F", "CC(C)OP(C)(=O)Cl", "CCOP(C)(=O)F", "CCCOP(C)(=O)F", "CC(=O)Cc1ccccc1", "CCC(=O)c1ccccc1", "CC(=O)c1ccccc1C",
		"Cc1ccc(C)cc1", "Cc1cccc(C)c1", "Cc1ccccc1C", "C[As](Cl)Cl", "CP(Cl)Cl", "C1CCCCCCCCCCCCC1", "C1CCCCCCCCCCCCCC1", "CC.CC", "CCCC", "O", "[OH2].O",
	} {
		k := key(t, smiles)
		if other, twice := seen[k]; twice {
			t.Errorf("%s and %s have the same key", smiles, other)
		}
		seen[k] = smiles
	}
}

func TestASaltHasTheKeysOfItsParts(t *testing.T) {
	keys, ok := structure.Read("CNC(C)Cc1ccccc1.Cl")
	if !ok || len(keys.Fragments) != 2 {
		t.Fatalf("read %v, %v", keys, ok)
	}
	base, _ := structure.Read("CC(NC)CC1=CC=CC=C1")
	if water, _ := structure.Read("O"); keys.Whole == base.Whole || water.Whole == base.Whole {
		t.Error("the salt and the base, or water, are the same")
	}
	if got := keys.Fragments[0]; got != base.Fragments[0] || got.Atoms != 11 {
		t.Errorf("the base is %v in its salt, %v alone", got, base.Fragments[0])
	}
}

func TestWhatIsNoSMILESIsNotRead(t *testing.T) {
	for _, text := range []string{
		"", "rose", "C(", "C)", "C1CC", "(C)", "=C", "C=", "C==C", "[C", "[]", "[Xx]", "C%1", "1CC1", "C11", "[H][H]", "C*", "C C",
		"[C@@", "[CH3+x]", "C%(123)", strings.Repeat("C", 5000),
	} {
		if keys, ok := structure.Read(text); ok {
			t.Errorf("%.20q is read as %v", text, keys)
		}
	}
}

func TestFormula(t *testing.T) {
	for text, want := range map[string]string{
		"C4H10FO2P": "C4H10FO2P", "FPO2C4H10": "C4H10FO2P", "C₄H₁₀FO₂P": "C4H10FO2P", "(CH3)2CHO(CH3)P(O)F": "C4H10FO2P", "CH3P(O)FOCH(CH3)2": "C4H10FO2P",
		"COCl2": "CCl2O", "NaN3": "N3Na", "Pb(N3)2": "N6Pb", "HCN": "CHN", "C6H2(NO2)3CH3": "C7H5N3O6", "CuSO4·5H2O": "CuH10O9S", "K[Ag(CN)2]": "C2AgKN2", "D2O": "D2O",
	} {
		if got, ok := structure.Formula(text); !ok || got != want {
			t.Errorf("%s gives %q, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "rose", "C", "()", "C(", "C)", "(C", "Xy2", "c6h6", "C4H10FO2P!", strings.Repeat("(C", 20), strings.Repeat("C", 200)} {
		if got, ok := structure.Formula(text); ok {
			t.Errorf("%.20q gives %q", text, got)
		}
	}
}

func ExampleRead() {
	sarin, _ := structure.Read("CC(C)OP(C)(=O)F")
	again, _ := structure.Read("FP(=O)(OC(C)C)[CH3]")
	fmt.Println(sarin.Whole == again.Whole)
	// Output: true
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"CC(C)OP(C)(=O)F", "[13C@@H2+:1]", "C%(12)CC%12", "c1cc[nH]c1", "[Na+].[C-]#N", "((((", "[99999H999-999]", "[Na]12.[K]12", "InChI=1S/C10H15N.ClH/c1-9(11-2)8-10-6-4-3-5-7-10;/h3-7,9,11H,8H2,1-2H3;1H", "InChI=1S/C9H8O4/c1-6(10)13/h2-5H,1H3,(H,11,12)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, ok := structure.Read(text)
		if again, _ := structure.Read(text); ok && again.Whole != keys.Whole {
			t.Errorf("%q has two keys", text)
		}
		if doubled, _ := structure.Read(text + "." + text); ok && len(text) < 2000 && !strings.HasPrefix(text, "InChI") && len(doubled.Fragments) != 2*len(keys.Fragments) {
			t.Errorf("%q twice has %d fragments", text, len(doubled.Fragments))
		}
	})
}

func FuzzFormula(f *testing.F) {
	for _, seed := range []string{"C4H10FO2P", "(CH3)2CO", "CuSO4·5H2O", "C999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hill, ok := structure.Formula(text)
		if again, valid := structure.Formula(hill); ok && (len(hill) <= 128 && again != hill || !valid && len(hill) <= 128) {
			t.Errorf("%q gives %q, which gives %q", text, hill, again)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for name, smiles := range map[string]string{"sarin": "CC(C)OP(C)(=O)F", "4 KiB": strings.Repeat("C(O)", 1000) + "C"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				structure.Read(smiles)
			}
		})
	}
}
