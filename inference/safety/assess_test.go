package safety_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

func assess(t testing.TB, smiles string) safety.Assessment {
	t.Helper()
	return safety.Assess(chemtest.Parse(t, smiles))
}

func ids(a safety.Assessment) []string {
	var found []string
	for _, f := range a.Findings {
		found = append(found, f.ID)
	}
	return found
}

func TestOrdinaryOdorantsPass(t *testing.T) {
	for name, smiles := range map[string]string{
		"2-phenylethanol":       "OCCc1ccccc1",
		"ambroxide":             "CC1(C)CCCC2(C)C1CCC1(C)OCCC12",
		"anethole":              "COc1ccc(C=CC)cc1",
		"benzyl acetate":        "CC(=O)OCc1ccccc1",
		"benzyl salicylate":     "O=C(OCc1ccccc1)c1ccccc1O",
		"beta-ionone":           "CC(=O)C=CC1=C(C)CCCC1(C)C",
		"borneol":               "CC1(C)C2CCC1(C)C(O)C2",
		"camphor":               "CC1(C)C2CCC1(C)C(=O)C2",
		"carvone":               "CC(=C)C1CC=C(C)C(=O)C1",
		"cedrol":                "CC1CCC2C(C)(C)C3CC12CCC3(C)O",
		"cineole":               "CC1(C)OC2(C)CCC1CC2",
		"cinnamal":              "O=CC=Cc1ccccc1",
		"citral":                "CC(C)=CCCC(C)=CC=O",
		"citronellol":           "CC(CCO)CCC=C(C)C",
		"coumarin":              "O=c1ccc2ccccc2o1",
		"damascenone":           "CC=CC(=O)C1=C(C)C=CCC1(C)C",
		"decanal":               "CCCCCCCCCC=O",
		"diacetyl":              "CC(=O)C(C)=O",
		"ethyl butyrate":        "CCCC(=O)OCC",
		"ethyl vanillin":        "CCOc1cc(C=O)ccc1O",
		"eugenol":               "COc1cc(CC=C)ccc1O",
		"galaxolide":            "CC1COCc2cc3c(cc12)C(C)(C)C(C)C3(C)C",
		"gamma-decalactone":     "CCCCCCC1CCC(=O)O1",
		"geraniol":              "CC(C)=CCCC(C)=CCO",
		"geosmin":               "CC1CCCC2(C)CCCCC12O",
		"hedione":               "CCCCCC1C(CCC1=O)CC(=O)OC",
		"heliotropin":           "O=Cc1ccc2OCOc2c1",
		"hexyl cinnamal":        "CCCCCCC(C=O)=Cc1ccccc1",
		"indole":                "c1ccc2[nH]ccc2c1",
		"isoamyl acetate":       "CC(C)CCOC(C)=O",
		"iso e super":           "CC1CC2=C(CC1(C)C(C)=O)C(C)(C)CCC2",
		"limonene":              "CC(=C)C1CCC(C)=CC1",
		"linalool":              "CC(C)=CCCC(C)(O)C=C",
		"maltol":                "Cc1occc(=O)c1O",
		"menthol":               "CC(C)C1CCC(C)CC1O",
		"methyl anthranilate":   "COC(=O)c1ccccc1N",
		"methyl 2-octynoate":    "CCCCCC#CC(=O)OC",
		"muscone":               "CC1CCCCCCCCCCCCC(=O)C1",
		"patchoulol":            "CC1CCC2(O)C(C)(C)C3CCC2(C)C1C3",
		"raspberry ketone":      "CC(=O)CCc1ccc(O)cc1",
		"rose oxide":            "CC(C)=CC1CC(C)CCO1",
		"rosacetol":             "CC(=O)OC(c1ccccc1)C(Cl)(Cl)Cl",
		"strawberry glycidate":  "CCOC(=O)C1OC1(C)c1ccccc1",
		"trimethylpyrazine":     "Cc1cnc(C)c(C)n1",
		"vanillin":              "COc1cc(C=O)ccc1O",
		"4-mercapto-4-methyl-2": "CC(=O)CC(C)(C)S",
	} {
		t.Run(name, func(t *testing.T) {
			if a := assess(t, smiles); !a.Passes(safety.DefaultMinScore) {
				t.Errorf("%s is withheld with %.2f: %v", smiles, a.Score, ids(a))
			}
		})
	}
}

func TestKnownAgentsAreProhibited(t *testing.T) {
	for name, smiles := range map[string]string{
		"sarin":             "CC(C)OP(C)(F)=O",
		"sarin, labelled":   "[2H]C([2H])([2H])P(F)(=O)OC(C)C",
		"sarin, charges":    "C[P+]([O-])(F)OC(C)C",
		"soman":             "C[C@@H](OP(C)(F)=O)C(C)(C)C",
		"tabun":             "CCOP(=O)(C#N)N(C)C",
		"VX":                "CCOP(C)(=O)SCCN(C(C)C)C(C)C",
		"VX, protonated":    "CCOP(C)(=O)SCC[NH+](C(C)C)C(C)C",
		"a new phosphonate": "CCCCP(F)(=O)OCCCC",
		"A-234":             "CCOP(F)(=O)N=C(C)N(CC)CC",
		"sulfur mustard":    "ClCCSCCCl",
		"HN2 hydrochloride": "CN(CCCl)CCCl.Cl",
		"lewisite":          "Cl/C=C/[As](Cl)Cl",
		"BZ":                "OC(C(=O)OC1CN2CCC1CC2)(c1ccccc1)c1ccccc1",
		"phosgene":          "ClC(Cl)=O",
		"hydrogen cyanide":  "C#N",
		"potassium cyanide": "[K+].[C-]#N",
		"saxitoxin":         "NC(=O)OCC1NC(=N)N2CCC(O)(O)C23NC(=N)NC13",
		"amphetamine":       "CC(N)Cc1ccccc1",
		"MDMA":              "CNC(C)Cc1ccc2OCOc2c1",
		"N-hydroxy-MDA":     "CC(NO)Cc1ccc2OCOc2c1",
		"2C-B":              "COc1cc(CCN)c(OC)cc1Br",
		"fentanyl":          "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1",
		"heroin":            "CC(=O)Oc1ccc2CC3C4C=CC(OC(C)=O)C5Oc1c2C45CCN3C",
		"cocaine":           "COC(=O)C1C(OC(=O)c2ccccc2)CC2CCC1N2C",
		"DMT":               "CN(C)CCc1c[nH]c2ccccc12",
		"LSD":               "CCN(CC)C(=O)C1CN(C)C2Cc3c[nH]c4cccc(C2=C1)c34",
		"THC":               "CCCCCc1cc(O)c2C3C=C(C)CCC3C(C)(C)Oc2c1",
		"JWH-018":           "CCCCCn1cc(C(=O)c2cccc3ccccc23)c2ccccc12",
		"ketamine":          "CNC1(CCCCC1=O)c1ccccc1Cl",
		"diazepam":          "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12",
		"GHB":               "OCCCC(O)=O",
		"testosterone":      "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",
		"TNT":               "Cc1c([N+](=O)[O-])cc([N+](=O)[O-])cc1[N+](=O)[O-]",
		"N-nitroso amine":   "CCN(CC)N=O",
		"safrole":           "C=CCc1ccc2OCOc2c1",
		"lilial":            "CC(C=O)Cc1ccc(cc1)C(C)(C)C",
		"lyral":             "O=CC1CCC(CCCC(C)(C)O)=CC1",
	} {
		t.Run(name, func(t *testing.T) {
			a := assess(t, smiles)
			if !a.Prohibited() || a.Score != 0 || a.Passes(0) {
				t.Errorf("%s is not prohibited: %.2f, %v", smiles, a.Score, ids(a))
			}
		})
	}
}

func TestLibraryOdorantsAreProhibitedOnlyWhereTheyAre(t *testing.T) {
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	var prohibited, withheld []string
	for _, o := range library.Odorants() {
		switch a := safety.Assess(o.Structure); {
		case a.Prohibited():
			prohibited = append(prohibited, o.Name)
		case !a.Passes(safety.DefaultMinScore):
			withheld = append(withheld, o.Name)
		}
	}
	slices.Sort(prohibited)
	if diff := cmp.Diff([]string{"allyl isothiocyanate", "dihydrocoumarin", "geranyl nitrile", "massoia lactone"}, prohibited); diff != "" {
		t.Errorf("prohibited (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"musk ketone"}, withheld); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
}

func TestScoreIsTheProductOverFindings(t *testing.T) {
	a := assess(t, "O=CC=Cc1ccccc1")
	want := 1.0
	for _, f := range a.Findings {
		want *= 1 - f.Severity.Weight()
	}
	if len(a.Findings) < 2 || math.Abs(a.Score-want) > 1e-12 {
		t.Errorf("score %v of %v, want %v", a.Score, ids(a), want)
	}
}

func TestScoreWithoutFindingsIsOne(t *testing.T) {
	if a := assess(t, "CCCC(=O)OCC"); a.Score != 1 || len(a.Findings) != 0 {
		t.Errorf("score %v, findings %v", a.Score, ids(a))
	}
}

func TestOneWarningIsTooMuchForTheDefaultAndThreeCautionsAreNot(t *testing.T) {
	if left := 1 - safety.Warning.Weight(); left >= safety.DefaultMinScore {
		t.Errorf("a warning leaves %v", left)
	}
	if left := math.Pow(1-safety.Caution.Weight(), 3); left < safety.DefaultMinScore {
		t.Errorf("three cautions leave %v", left)
	}
}

func TestGravestFindingComesFirst(t *testing.T) {
	a := assess(t, "Cc1c([N+](=O)[O-])cc([N+](=O)[O-])cc1[N+](=O)[O-]")
	if !slices.IsSortedFunc(a.Findings, func(x, y safety.Finding) int {
		return int(math.Copysign(1, y.Severity.Weight()-x.Severity.Weight()))
	}) || a.Findings[0].Severity != safety.Prohibitive {
		t.Errorf("findings are not in order: %v", ids(a))
	}
}

func TestThresholdOfTheRequestDecides(t *testing.T) {
	a := assess(t, "CCCCBr") // one warning and a caution
	if a.Passes(safety.DefaultMinScore) || !a.Passes(a.Score) || !a.Passes(0) {
		t.Errorf("%v with %v", a.Score, ids(a))
	}
}

func TestFindingsNameTheAtomsThatMatch(t *testing.T) {
	a := assess(t, "CCCCCCC=O")
	want := []safety.Finding{{
		ID: "aldehyde-alkyl", Category: "skin-sensitisation", Severity: safety.Notice, Basis: safety.Alert,
		Title: "aliphatic aldehyde", Atoms: []int{5, 6, 7},
	}}
	if diff := cmp.Diff(want, a.Findings, cmpopts.IgnoreFields(safety.Finding{}, "Source")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(a.Findings[0].Source, "10.1021/tx060121y") {
		t.Errorf("source %q", a.Findings[0].Source)
	}
}

func TestAssessmentDoesNotDependOnTheWriting(t *testing.T) {
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	odorants := library.Odorants()
	rapid.Check(t, func(t *rapid.T) {
		m := odorants[rapid.IntRange(0, len(odorants)-1).Draw(t, "odorant")].Structure
		seed := rapid.Uint64().Draw(t, "seed")
		text := m.RandomSMILES(rand.New(rand.NewPCG(seed, 0)))
		again, err := chem.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		want, got := safety.Assess(m), safety.Assess(again)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(safety.Finding{}, "Atoms")); diff != "" {
			t.Errorf("%s and %s differ:\n%s", m, text, diff)
		}
	})
}

func TestAPartnerHidesNothing(t *testing.T) {
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	odorants := library.Odorants()
	draw := rapid.IntRange(0, len(odorants)-1)
	rapid.Check(t, func(t *rapid.T) {
		m := odorants[draw.Draw(t, "odorant")].Structure
		partner := odorants[draw.Draw(t, "partner")].Structure
		both, err := chem.Parse(m.SMILES() + "." + partner.SMILES())
		if err != nil {
			t.Fatal(err)
		}
		found := ids(safety.Assess(both))
		for _, f := range safety.Assess(m).Findings {
			if f.Basis != safety.Property && !slices.Contains(found, f.ID) {
				t.Errorf("%s beside %s loses %q", m, partner, f.ID)
			}
		}
	})
}

func TestAMoleculeTooLargeToScreenIsWithheld(t *testing.T) {
	a := assess(t, strings.Repeat("C", safety.MaxScreenedAtoms+1))
	if !a.Prohibited() || !slices.Equal(ids(a), []string{"not-screened"}) {
		t.Errorf("%v", ids(a))
	}
	if a := assess(t, strings.Repeat("C", safety.MaxScreenedAtoms)); a.Prohibited() {
		t.Errorf("%v", ids(a))
	}
}

func TestHostileMoleculesAreScreened(t *testing.T) {
	for name, smiles := range map[string]string{
		"peroxide chain":  strings.Repeat("O", 126),
		"perchloroalkane": "C" + strings.Repeat("(Cl)(Cl)C", 42),
		"many mustards":   "C" + strings.Repeat("SCCCl.", 20) + "C",
		"nitro chain":     "C" + strings.Repeat("([N+](=O)[O-])C", 30),
		"neopentane tree": "C(C(C)(C)C)(C(C)(C)C(C)(C)C)C(C(C)(C)C)(C(C)(C)C)C(C)(C)C",
		"polyphenyl":      "c1ccccc1" + strings.Repeat("c1ccc(cc1)", 19) + "C",
		"wildcards":       strings.Repeat("*", 128),
		"fullerene": "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11" +
			"c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := chem.Parse(smiles)
			if err != nil {
				t.Fatal(err)
			}
			if a := safety.Assess(m); math.IsNaN(a.Score) || a.Score < 0 || a.Score > 1 {
				t.Errorf("score %v", a.Score)
			}
		})
	}
}

func BenchmarkAssess(b *testing.B) {
	m := chemtest.Parse(b, "CCCCCCC(C=O)=Cc1ccccc1") // hexyl cinnamal
	for b.Loop() {
		safety.Assess(m)
	}
}
