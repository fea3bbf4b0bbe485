package safety_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/safety"
	"github.com/odordiff/odordiff/inference/tsv"
)

// Columns of testdata/hazards.tsv; those of testdata/harmless.tsv begin alike.
const (
	hazardName = iota
	hazardSMILES
	hazardClass
	hazardSource
	hazardVerdict
	hazardColumns

	harmlessColumns = 3
)

// rowsOf reads a table of testdata.
func rowsOf(t testing.TB, file string, columns int) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	err = tsv.Rows(file, string(text), columns, func(cells []string) error {
		rows = append(rows, append([]string(nil), cells...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// verdict is what an answer with the default threshold does with a molecule.
func verdict(a safety.Assessment) string {
	switch {
	case a.Prohibited():
		return "prohibited"
	case a.Passes(safety.DefaultMinScore):
		return "passes"
	}
	return "withheld"
}

func TestKnownHazardsDoNotPass(t *testing.T) {
	counts := map[string]int{}
	seen := map[string]string{}
	for _, row := range rowsOf(t, "hazards.tsv", hazardColumns) {
		counts[row[hazardClass]]++
		m := chemtest.Parse(t, row[hazardSMILES])
		if other, ok := seen[m.SMILES()]; ok {
			t.Errorf("%s is %s", row[hazardName], other)
		}
		seen[m.SMILES()] = row[hazardName]
		if a := safety.Assess(m); verdict(a) != row[hazardVerdict] {
			t.Errorf("%s, %s: %s, want %s: %v", row[hazardName], m, verdict(a), row[hazardVerdict], ids(a))
		}
	}
	t.Logf("%d hazards: %v", len(seen), counts)
}

func TestHarmlessOdorantsPass(t *testing.T) {
	rows := rowsOf(t, "harmless.tsv", harmlessColumns)
	for _, row := range rows {
		if a := assess(t, row[hazardSMILES]); !a.Passes(safety.DefaultMinScore) {
			t.Errorf("%s, %s, is withheld: %v", row[hazardName], row[hazardSMILES], ids(a))
		}
	}
	t.Logf("%d harmless odorants", len(rows))
}

// A hazard is the same however its atoms are numbered and whatever lies beside
// it.
func TestNoWritingHidesAHazard(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, row := range rowsOf(t, "hazards.tsv", hazardColumns) {
		m := chemtest.Parse(t, row[hazardSMILES])
		for _, text := range []string{m.RandomSMILES(rng), m.KekuleSMILES(), m.SMILES() + ".CCO", "Cl." + m.SMILES()} {
			if a := assess(t, text); row[hazardVerdict] == "prohibited" && !a.Prohibited() || a.Passes(safety.DefaultMinScore) {
				t.Errorf("%s as %s: %s, %v", row[hazardName], text, verdict(a), ids(a))
			}
		}
	}
}

// The other drawings of one substance: salts, charges, labels, tautomers,
// valences that nobody uses.
func TestNoDressHidesAHazard(t *testing.T) {
	for name, drawings := range map[string][]string{
		"hydrazoic acid": {
			"N=[N+]=[N-]", "[N-]=[N+]=N", "N=N#N", "[NH-][N+]#N", "[H]N=[N+]=[N-]", "[2H]N=[N+]=[N-]", "[15NH]=[N+]=[N-]", "[N-]=[N+]=[N-]",
			"[Na]N=[N+]=[N-]", "[NH2+]=[N+]=[N-]",
		},
		"azide":       {"CN=[N+]=[N-]", "CN=N#N", "C[N-][N+]#N"},
		"diazo":       {"CC=[N+]=[N-]", "CC=N#N", "C[CH-][N+]#N"},
		"ozone":       {"[O-][O+]=O", "O=[O+][O-]", "[O]O[O]", "O1OO1"},
		"TETS":        {"O=S1(=O)N2CN3CN1CN(C2)S3(=O)=O", "[O-][S+2]1([O-])N2CN3CN1CN(C2)[S+2]3([O-])[O-]", "O=S1(=O)N2[13CH2]N3CN1CN(C2)S3(=O)=O"},
		"cyanogen":    {"N#CC#N", "N#[13C]C#N"},
		"N2O5":        {"O=N(=O)ON(=O)=O", "O=[N+]([O-])O[N+](=O)[O-]", "[O-][N+2]([O-])O[N+2]([O-])[O-]"},
		"nitric acid": {"O[N+](=O)[O-]", "ON(=O)=O", "[O-][N+](=O)[O-]", "O[N+2]([O-])[O-]", "[Na]O[N+](=O)[O-]"},
		"HCN":         {"C#N", "[C-]#N", "[2H]C#N", "[K]C#N", "C#[NH+]", "[C-]#[NH+]", "[Na+].[C-]#N"},
		"sarin":       {"C[P+]([O-])(F)OC(C)C", "[13CH3]P(F)(=O)OC(C)C", "CP(=[18O])(F)OC(C)C", "[2H]C([2H])([2H])P(F)(=O)OC(C)C", "C[P@](=O)(F)OC(C)C"},
		"mustard":     {"ClCC[S+]([O-])CCCl", "Cl[13CH2]CSCCCl", "ClCC[SH+]CCCl"},
		"saxitoxin": {
			"NC(=O)OCC1NC(=N)N2CCC(O)(O)C23NC(=N)NC13", "NC(=O)OCC1N=C(N)N2CCC(O)(O)C23NC(N)=NC13",
			"NC(=O)OCC1NC(=[NH2+])N2CCC(O)(O)C23NC(=[NH2+])NC13",
		},
		"P2P": {
			"CC(=O)Cc1ccccc1", "CC(O)=Cc1ccccc1", "C=C(O)Cc1ccccc1", "CC([O-])=Cc1ccccc1", "[Na]OC(C)=Cc1ccccc1", "[CH2-]C(=O)Cc1ccccc1",
			"C[C+]([O-])Cc1ccccc1", "CC(=[OH+])Cc1ccccc1", "[2H]C(c1ccccc1)C(C)=O", "[13CH3]C(=O)Cc1ccccc1", "C[C]([O])Cc1ccccc1",
			"CC(=[18O])Cc1ccccc1", "CC(=O)[CH]c1ccccc1", "CC(=O)CC1=CC=CC=C1",
		},
		"PMK glycidate": {
			"COC(=O)[C@@]1(C)O[C@H]1c1ccc2OCOc2c1", "[K]OC(=O)C1(C)OC1c1ccc2OCOc2c1", "O=C([O-])C1(C)OC1c1ccc2OCOc2c1",
			"[CH3:1]OC(=O)C1(C)OC1c1ccc2OCOc2c1", "COC(=O)C1(C)[18O]C1c1ccc2OCOc2c1",
		},
		"4-piperidone":        {"O=C1CCNCC1.Cl", "O=C1CC[NH2+]CC1", "O=C1CC[NH2+]CC1.[Cl-]", "OC1=CCNCC1", "O=C1CC[N-]CC1", "O=C1CCN([2H])CC1", "OC1(O)CC[NH2+]CC1"},
		"ephedrine":           {"C[NH2+]C(C)C(O)c1ccccc1", "CNC(C)C([O-])c1ccccc1", "C[C@@H](NC)[C@H](O)c1ccccc1", "CN([Li])C(C)C(O)c1ccccc1"},
		"amphetamine":         {"CC([NH3+])Cc1ccccc1", "C[C@H](N)Cc1ccccc1", "CC(N[Si](C)(C)C)Cc1ccccc1", "[2H]C(N)(C)Cc1ccccc1", "CC([NH-])Cc1ccccc1"},
		"GHB":                 {"[Na+].[O-]C(=O)CCCO", "[Na]OC(=O)CCCO", "OCCCC(=O)[18OH]", "[O-]CCCC(=O)[O-]", "OCCCC(O)=[OH+]"},
		"barbiturate":         {"CCC1(CC)C(=O)NC(=O)NC1=O", "CCC1(CC)C(O)=NC(O)=NC1=O", "CCC1(CC)C(=O)NC(=O)[N-]C1=O", "CCC1(CC)C(O)=NC(=O)N=C1O"},
		"pemoline":            {"NC1=NC(=O)C(O1)c1ccccc1", "N=C1NC(=O)C(O1)c1ccccc1"},
		"TNT":                 {"Cc1c(N(=O)=O)cc(N(=O)=O)cc1N(=O)=O", "Cc1c([N+2]([O-])[O-])cc([N+2]([O-])[O-])cc1[N+2]([O-])[O-]"},
		"nitroglycerin":       {"O=N(=O)OCC(CON(=O)=O)ON(=O)=O", "[O-][N+](=[18O])OCC(CO[N+](=O)[O-])O[N+](=O)[O-]"},
		"perchlorate":         {"OCl(=O)(=O)=O", "[O-][Cl+3]([O-])([O-])[O-]", "O[Cl+3]([O-])([O-])[O-]", "[K]OCl(=O)(=O)=O"},
		"fluoroacetate":       {"[O-]C(=O)CF", "[Na]OC(=O)CF"},
		"phosphide":           {"[Al]#P", "[PH4+]", "P"},
		"N-Boc-MDMA":          {"CC(Cc1ccc2OCOc2c1)N(C)C(=O)OC(C)(C)C", "CC(Cc1ccc2OCOc2c1)N(C)C([O-])=[O+]C(C)(C)C", "C[C@@H](Cc1ccc2OCOc2c1)N(C)C(=O)OC(C)(C)C"},
		"2,4-dinitrophenol":   {"[O-]c1ccc(cc1[N+](=O)[O-])[N+](=O)[O-]", "[Na]Oc1ccc(cc1[N+](=O)[O-])[N+](=O)[O-]"},
		"alpha-phenylacetyls": {"CC([O-])=C(C#N)c1ccccc1", "[Na+].CC(=O)[C-](C#N)c1ccccc1", "CC(=O)C(=C=[N-])c1ccccc1"},
	} {
		for _, smiles := range drawings {
			m, err := chem.Parse(smiles)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if a := safety.Assess(m); !a.Prohibited() {
				t.Errorf("%s as %s passes or is withheld with %.2f: %v", name, smiles, a.Score, ids(a))
			}
		}
	}
}

// Findings about what a drawing stands for mark atoms of the drawing.
func TestFindingsAboutTheParentMarkAtomsOfTheMolecule(t *testing.T) {
	for _, f := range assess(t, "[Na]OC(=O)CCCO").Findings {
		if f.ID == "cs-ghb" {
			if want := []int{1, 2, 3, 4, 5, 6, 7}; fmt.Sprint(f.Atoms) != fmt.Sprint(want) {
				t.Errorf("atoms %v, want %v", f.Atoms, want)
			}
			return
		}
	}
	t.Error("no finding about 4-hydroxybutanoic acid")
}

func TestDocsCountTheRegressionSet(t *testing.T) {
	docs, err := os.ReadFile("../../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	hazards := rowsOf(t, "hazards.tsv", hazardColumns)
	for _, row := range hazards {
		counts[row[hazardClass]]++
	}
	wanted := []string{
		fmt.Sprintf("%d hazards", len(hazards)),
		fmt.Sprintf("%d harmless odorants", len(rowsOf(t, "harmless.tsv", harmlessColumns))),
	}
	for class, n := range counts {
		wanted = append(wanted, fmt.Sprintf("%d %s", n, class))
	}
	for _, want := range wanted {
		if !strings.Contains(string(docs), want) {
			t.Errorf("docs/safety.md lacks %q", want)
		}
	}
}
