package chem

import "testing"

func TestTetrahedralCentresReadAlike(t *testing.T) {
	for _, group := range [][]string{
		// L-alanine, from each neighbour and with its hydrogen in each place.
		{
			"N[C@@H](C)C(=O)O", "N[C@H](C(=O)O)C", "C[C@H](N)C(=O)O", "OC(=O)[C@@H](N)C", "[C@H](N)(C)C(=O)O",
			"N[C@@]([H])(C)C(=O)O", "[H][C@](N)(C)C(=O)O", "N[C@TH2H](C)C(=O)O",
		},
		// Ring numbers count where they stand, not where they close.
		{"C[C@H]1CCCCO1", "C[C@@H]1OCCCC1", "[C@H]1(C)CCCCO1", "[C@@H]1(C)OCCCC1", "O1CCCC[C@@H]1C"},
		// A lone pair is a neighbour.
		{"C[S@](=O)CC", "CC[S@@](=O)C", "O=[S@@](C)CC"},
		{"C[C@](F)(Cl)Br", "F[C@@](C)(Cl)Br", "Br[C@@](Cl)(C)F"},
	} {
		want := mustParse(t, group[0]).SMILES()
		for _, smiles := range group[1:] {
			if got := mustParse(t, smiles).SMILES(); got != want {
				t.Errorf("%s gives %s, want %s as from %s", smiles, got, want, group[0])
			}
		}
	}
}

func TestDoubleBondsReadAlike(t *testing.T) {
	for _, group := range [][]string{
		{"F/C=C/F", "F\\C=C\\F", "C(\\F)=C/F", "[H]/C(F)=C(/[H])F"},
		{"F/C=C\\F", "C(/F)=C/F", "[H]/C(F)=C/F", "F\\C=C/F"},
		{"C/C=C/C=C\\C", "C\\C=C\\C=C/C", "C(\\C)=C/C=C\\C", "C\\C=C/C=C/C"},
		{"CC/C(C)=C(/C)Cl", "CC\\C(C)=C(\\C)Cl", "C/C(CC)=C(\\C)Cl"},
		// Where there is nothing else, a hydrogen tells the geometry.
		{"[H]/N=C(/C)CC", "[H]\\N=C(\\C)CC", "[H]\\N=C(/CC)C", "CC/C(C)=N\\[H]", "N(/[H])=C(\\C)CC"},
		{"[H]/N=N/[H]", "[H]\\N=N\\[H]", "N(\\[H])=N/[H]"},
		{"[H]/N=N/C", "C/N=N/[H]"},
		{"C1CCC/C=C/CCC1", "C1CCC\\C=C\\CCC1", "C/1=C\\CCCCCCC1", "C1=C/CCCCCCC/1"},
	} {
		want := mustParse(t, group[0]).SMILES()
		for _, smiles := range group[1:] {
			if got := mustParse(t, smiles).SMILES(); got != want {
				t.Errorf("%s gives %s, want %s as from %s", smiles, got, want, group[0])
			}
		}
	}
}

func TestStereoisomersDiffer(t *testing.T) {
	for _, group := range [][]string{
		{"N[C@@H](C)C(=O)O", "N[C@H](C)C(=O)O", "NC(C)C(=O)O"},
		{"F/C=C/F", "F/C=C\\F", "FC=CF"},
		{"[H]/N=C(/C)CC", "[H]/N=C(\\C)CC", "N=C(C)CC"},
		{"[H]/N=N/[H]", "[H]/N=N\\[H]", "N=N"},
		{"C[S@](=O)CC", "C[S@@](=O)CC", "CS(=O)CC"},
		{"C[C@H]1CC[C@H](C)CC1", "C[C@H]1CC[C@@H](C)CC1", "CC1CCC(C)CC1"},
		{"C[C@H](O)[C@H](O)C", "C[C@H](O)[C@@H](O)C", "C[C@@H](O)[C@H](O)C"},
		{"C/C=C/C=C/C", "C/C=C/C=C\\C", "C/C=C\\C=C/C", "C/C=C/C=CC", "CC=CC=CC"},
		{"C1CCC/C=C/CCC1", "C1CCC/C=C\\CCC1"},
		// A pseudo-asymmetric centre between two centres of opposite hand.
		{"C[C@H](F)[C@H](Cl)[C@@H](C)F", "C[C@H](F)[C@@H](Cl)[C@@H](C)F"},
	} {
		seen := map[string]string{}
		for _, smiles := range group {
			canonical := mustParse(t, smiles).SMILES()
			if other, ok := seen[canonical]; ok {
				t.Errorf("%s and %s are both %s", smiles, other, canonical)
			}
			seen[canonical] = smiles
		}
	}
}

func TestRedundantStereoIsDropped(t *testing.T) {
	for smiles, plain := range map[string]string{
		"C[C@H](C)O":       "CC(C)O",
		"C[C@@](C)(C)C":    "CC(C)(C)C",
		"[CH3][C@H2]O":     "CCO",
		"F/C=C(/C)C":       "FC=C(C)C",
		"C/C=C":            "CC=C",
		"C/C=C1/CCCC1":     "CC=C1CCCC1",
		"C1/C=C/CCC1":      "C1C=CCCC1",
		"C[N@](CC)CCC":     "CN(CC)CCC",
		"C[C@H]1CCC(C)CC1": "CC1CCC(C)CC1",
		"C/c1ccccc1":       "Cc1ccccc1",
		"C/C=C=C/C":        "CC=C=CC",
		"[H]/N=C(/C)C":     "N=C(C)C",
		"[H]/N=C/[H]":      "N=C",
		"[H]/C([H])=C/F":   "C=CF",
		"[H]/[NH+]=C/C":    "[NH2+]=CC",
		// What seems to tell the two arms apart goes, and so does what rests on
		// it.
		"[H]/N=C1/CCC(CC1)C(/C1CCC(=N)CC1)=N/[H]": "N=C1CCC(CC1)C(=N)C1CCC(=N)CC1",
	} {
		if got, want := mustParse(t, smiles).SMILES(), mustParse(t, plain).SMILES(); got != want {
			t.Errorf("%s gives %s, want %s", smiles, got, want)
		}
	}
}

func TestCentresThatNeedEachOtherStay(t *testing.T) {
	for smiles, centres := range map[string]int{
		"C[C@H]1CC[C@@H](C)CC1":        2,
		"C[C@H](F)[C@H](Cl)[C@@H](C)F": 3,
		"C[N@]1C[C@@H]1C":              2,
		"C[C@H]1C[C@@H](C)C1":          2,
	} {
		if got := mustParse(t, smiles).SMILES(); countMarks(got) != centres {
			t.Errorf("%s gives %s, want %d marked centres", smiles, got, centres)
		}
	}
}

func countMarks(smiles string) int {
	n := 0
	for i := range smiles {
		if smiles[i] == '@' && (i == 0 || smiles[i-1] != '@') {
			n++
		}
	}
	return n
}

func TestGeometryBetweenMarkedNeighboursStaysOpen(t *testing.T) {
	// The bond in the middle has no geometry, but all its neighbours' bonds do:
	// only hydrogens written as atoms can say so.
	m := mustParse(t, "F/C=C(\\[H])C=CC(/[H])=C/F")
	open := 0
	for _, b := range m.Bonds() {
		if b.Order == 2 && b.Geometry == NoGeometry {
			open++
		}
	}
	if open != 1 {
		t.Fatalf("%d double bonds without geometry, want 1", open)
	}
	checkReadsBack(t, m, m.SMILES())
}
