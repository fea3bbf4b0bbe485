package chem

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParentIsWhatAnUnusualDrawingStandsFor(t *testing.T) {
	for name, c := range map[string]struct{ smiles, want string }{
		"ordinary":               {"CC(=O)Cc1ccccc1", "CC(=O)Cc1ccccc1"},
		"stereo alone is kept":   {"C[C@H](O)CC", "C[C@H](O)CC"},
		"sodium salt":            {"[Na+].[O-]C(=O)CCCO", "O=C(O)CCCO.[Na+]"},
		"bond to a metal":        {"[Na]OC(=O)CCCO", "O=C(O)CCCO.[Na]"},
		"covalent cyanide":       {"[K]C#N", "C#N.[K]"},
		"ammonium":               {"CC(C[NH3+])c1ccccc1", "CC(CN)c1ccccc1"},
		"pyridinium":             {"c1cc[nH+]cc1", "c1ccncc1"},
		"zwitterion":             {"[NH3+]CC(=O)[O-]", "NCC(=O)O"},
		"charged phosphoryl":     {"C[P+]([O-])(F)OC", "CP(=O)(F)OC"},
		"charged sulfonyl":       {"C[S+2]([O-])([O-])C", "CS(C)(=O)=O"},
		"charged carbonyl":       {"C[C+]([O-])C", "CC(C)=O"},
		"nitro of three charges": {"C[N+2]([O-])[O-]", "C[N+](=O)[O-]"},
		"nitro":                  {"C[N+](=O)[O-]", "C[N+](=O)[O-]"},
		"quaternary":             {"C[N+](C)(C)C", "C[N+](C)(C)C"},
		"enolate":                {"CC([O-])=Cc1ccccc1", "CC(O)=Cc1ccccc1"},
		"carbanion":              {"[CH2-]C(C)=O", "CC(C)=O"},
		"carbocation":            {"C[CH+]C", "CCC"},
		"radical":                {"[CH2]C(C)=O", "CC(C)=O"},
		"pair of radicals":       {"C[CH][CH]C", "CC=CC"},
		"label and map":          {"[13CH3:1]C(=O)C", "CC(C)=O"},
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
			if got := m.Parent(); got.SMILES() != want.SMILES() {
				t.Errorf("%s: %s, want %s", c.smiles, got, want)
			}
		})
	}
}

func TestParentKeepsTheAtomsInTheirPlaces(t *testing.T) {
	m, err := Parse("[Na]OC(=O)C[NH3+]")
	if err != nil {
		t.Fatal(err)
	}
	p := m.Parent()
	for i := range m.NumAtoms() {
		if p.NumAtoms() != m.NumAtoms() || p.Atom(i).Element != m.Atom(i).Element {
			t.Fatalf("%s became %s", m, p)
		}
	}
}

func TestParentOfAParentIsTheSame(t *testing.T) {
	texts := []string{"C", "[Na+]", "[O-]", "[NH4+]", "[N+](=O)[O-]", "[CH2]", "[S+]", "[P+]", "c1cc[n-]c1", "[Cu]", "[13C]", "#N", "O", "[C-]"}
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for range rapid.IntRange(1, 6).Draw(t, "atoms") {
			text += rapid.SampledFrom(texts).Draw(t, "atom")
		}
		m, err := Parse(text)
		if err != nil {
			return
		}
		p := m.Parent()
		again, err := Parse(p.SMILES())
		if err != nil {
			t.Fatalf("%s: %s: %v", text, p, err)
		}
		if again.SMILES() != p.SMILES() || again.Parent().SMILES() != p.SMILES() {
			t.Errorf("%s: %s, then %s", text, p, again.Parent())
		}
	})
}

func TestTautomersHaveOneSkeleton(t *testing.T) {
	skeleton := func(smiles string) string {
		m, err := Parse(smiles)
		if err != nil {
			t.Fatal(err)
		}
		return m.Skeleton()
	}
	for name, pair := range map[string][2]string{
		"keto and enol":        {"CC(=O)Cc1ccccc1", "CC(O)=Cc1ccccc1"},
		"azide either way":     {"N=[N+]=[N-]", "[NH-][N+]#N"},
		"guanidine":            {"CNC(N)=N", "CN=C(N)N"},
		"aromatic and not":     {"Oc1ccccc1", "O=C1CC=CC=C1"},
		"written from the end": {"OCCCC(O)=O", "OC(=O)CCCO"},
	} {
		if skeleton(pair[0]) != skeleton(pair[1]) {
			t.Errorf("%s: %s and %s differ", name, pair[0], pair[1])
		}
	}
	if skeleton("CC(=O)Cc1ccccc1") == skeleton("CCC(=O)c1ccccc1") {
		t.Error("isomers have one skeleton")
	}
}
