package chem

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOneCanonicalFormForEveryWriting(t *testing.T) {
	for canonical, writings := range map[string][]string{
		"CCO":                 {"OCC", "C(O)C", "[CH3][CH2][OH]", "C-C-O", "[H]OCC", "O1.C1C"},
		"c1ccccc1":            {"C1=CC=CC=C1", "C=1C=CC=CC=1", "c:1:c:c:c:c:c1", "[cH]1[cH][cH][cH][cH][cH]1"},
		"c1ccncc1":            {"C1=CC=NC=C1", "N1=CC=CC=C1"},
		"c1ccoc1":             {"C1=COC=C1", "O1C=CC=C1"},
		"c1ccsc1":             {"S1C=CC=C1"},
		"c1cc[nH]c1":          {"N1C=CC=C1", "[H]n1cccc1"},
		"c1ccc2ccccc2c1":      {"C1=CC=C2C=CC=CC2=C1", "c1cccc2c1cccc2"},
		"c1ccc2[nH]ccc2c1":    {"C1=CC2=C(C=C1)NC=C2", "c1ccc2c(c1)cc[nH]2"},
		"O=c1ccc2ccccc2o1":    {"O=C1C=CC2=CC=CC=C2O1", "O=C1Oc2ccccc2C=C1", "C1=CC(=O)Oc2c1cccc2"},
		"COc1cc(C=O)ccc1O":    {"COC1=C(O)C=CC(C=O)=C1", "O=Cc1ccc(O)c(OC)c1", "c1(C=O)cc(OC)c(O)cc1"},
		"c1ccc(-c2ccccc2)cc1": {"C1=CC=CC=C1C1=CC=CC=C1", "c1ccccc1c1ccccc1"},
		"Cc1ccccc1C":          {"CC1=C(C)C=CC=C1", "CC1=CC=CC=C1C"},
		"C[N+](=O)[O-]":       {"CN(=O)=O", "O=N(=O)C", "[O-][N+](=O)C"},
		"[N-]=[N+]=NC":        {"CN=[N]#N", "CN=[N+]=[N-]"},
		"[O-][n+]1ccccc1":     {"O=n1ccccc1", "O=N1=CC=CC=C1"},
		"[Na+].[OH-]":         {"[OH-].[Na+]"},
		"C1CC1":               {"C%12CC%12", "C0CC0", "C1C2.C12"},
		"[13CH4]":             {"[13C]([H])([H])([H])[H]"},
		"[2H]C":               {"[CH3][2H]"},
		"[CH3:2]C":            {"C[CH3:2]"},
	} {
		want := mustParse(t, canonical).SMILES()
		for _, writing := range writings {
			if got := mustParse(t, writing).SMILES(); got != want {
				t.Errorf("%s gives %s, want %s as from %s", writing, got, want, canonical)
			}
		}
	}
}

func TestCanonicalFormIsTidy(t *testing.T) {
	for smiles, want := range map[string]string{
		"OCC":                  "CCO",
		"[CH3][CH2][OH]":       "CCO",
		"C1=CC=CC=C1":          "c1ccccc1",
		"O=Cc1ccc(O)c(OC)c1":   "COc1cc(C=O)ccc1O",
		"c1ccccc1-c1ccccc1":    "c1ccc(-c2ccccc2)cc1",
		"C1CC12CC2":            "C1CC12CC2",
		"[13CH3][C@](F)(Cl)Br": "[13CH3][C@](F)(Cl)Br",
		"[Cl-].[Na+]":          "[Cl-].[Na+]",
		"CCCCCCCC(C(=O)OCC)=O": "CCCCCCCC(=O)C(=O)OCC",
		"N[C@@H](C)C(=O)O":     "C[C@H](N)C(=O)O",
	} {
		got := mustParse(t, smiles)
		if len(got.SMILES()) > len(want) || mustParse(t, want).SMILES() != got.SMILES() {
			t.Errorf("%s gives %s, longer than %s or another molecule", smiles, got, want)
		}
	}
}

// symmetric holds graphs whose atoms refinement cannot tell apart although they
// differ, or which have very many symmetries.
var symmetric = map[string]string{
	"cubane":                       "C12C3C4C1C5C2C3C45",
	"cuneane":                      "C12C3C1C4C5C2C3C45",
	"dodecahedrane":                "C12C3C4C5C1C6C7C2C8C3C9C4C1C5C6C2C7C8C9C12",
	"buckminsterfullerene":         "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41",
	"bicyclopropylidene":           "C1CC1=C1CC1",
	"tetra-tert-butylmethane":      "C(C(C)(C)C)(C(C)(C)C)(C(C)(C)C)C(C)(C)C",
	"18-crown-6":                   "C1COCCOCCOCCOCCOCCO1",
	"cis-1,4":                      "C[C@H]1CC[C@@H](C)CC1",
	"trans-1,4":                    "C[C@H]1CC[C@H](C)CC1",
	"scyllo-inositol":              "O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
	"myo-inositol":                 "O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O",
	"all-cis-trimethylcyclohexane": "C[C@H]1C[C@@H](C)C[C@@H](C)C1",
	"bisallyl":                     "C/C=C/C(/C=C\\C)(/C=C/C)/C=C\\C",
}

func TestCanonicalFormOfSymmetricGraphs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for name, smiles := range symmetric {
		t.Run(name, func(t *testing.T) {
			m := mustParse(t, smiles)
			for range 50 {
				checkReadsBack(t, m, m.RandomSMILES(rng))
			}
		})
	}
}

func TestManyIndependentTiesAreSettledOneByOne(t *testing.T) {
	// Each ring can be walked in two ways that differ in the stereo marks.
	m := mustParse(t, "C"+strings.Repeat("[C@H]1CC[C@H](CC1)", 12)+"C")
	checkReadsBack(t, m, m.RandomSMILES(rand.New(rand.NewPCG(3, 3))))
	r := newRanking(m, m.ComponentAtoms()[0])
	r.run()
	if r.work > maxRankingWork/10 {
		t.Errorf("%d atom visits for %d atoms", r.work, m.HeavyAtoms())
	}
}

func TestSymmetricGraphsDiffer(t *testing.T) {
	seen := map[string]string{}
	for name, smiles := range symmetric {
		canonical := mustParse(t, smiles).SMILES()
		if other, ok := seen[canonical]; ok {
			t.Errorf("%s and %s are both %s", name, other, canonical)
		}
		seen[canonical] = name
	}
}

func TestCanonicalFormDoesNotDependOnAtomOrder(t *testing.T) {
	references := readReferences(t)
	rapid.Check(t, func(t *rapid.T) {
		ref := references[rapid.IntRange(0, len(references)-1).Draw(t, "molecule")]
		seed := rapid.Uint64().Draw(t, "order")
		m, err := Parse(ref.SMILES)
		if err != nil {
			t.Fatal(err)
		}
		text := m.RandomSMILES(rand.New(rand.NewPCG(seed, 0)))
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%s was written as %s: %v", ref.SMILES, text, err)
		}
		if again.SMILES() != m.SMILES() {
			t.Fatalf("%s was written as %s: %s, not %s", ref.SMILES, text, again, m)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, smiles := range map[string]string{
		"vanillin":    "COc1cc(C=O)ccc1O",
		"linalool":    "CC(C)=CCCC(C)(O)C=C",
		"cholesterol": "C[C@H](CCCC(C)C)[C@H]1CC[C@H]2[C@@H]3CC=C4C[C@@H](O)CC[C@]4(C)[C@H]3CC[C@]12C",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(smiles); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestCanonicalOrderIsThatOfTheText(t *testing.T) {
	for _, ref := range readReferences(t) {
		m := mustParse(t, ref.SMILES)
		again := mustParse(t, m.SMILES())
		for i, atom := range m.CanonicalOrder() {
			a, b := m.Atom(atom), again.Atom(i)
			if a.Element != b.Element || a.Hydrogens != b.Hydrogens || a.Charge != b.Charge || m.Degree(atom) != again.Degree(i) {
				t.Fatalf("%s: atom %d is %v, atom %d of %s is %v", ref.Name, atom, a, i, m.SMILES(), b)
			}
		}
	}
}
