package safety_test

import (
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

func TestScaffoldsOfHazardsAreHazards(t *testing.T) {
	for name, c := range map[string]struct {
		smiles string
		want   string // the finding, empty for none
	}{
		"nitric acid":                        {"O[N+](=O)[O-]", "nitrate"},
		"hydrazoic acid":                     {"N=[N+]=[N-]", "azide"},
		"phenylacetone":                      {"CC(=O)Cc1ccccc1", "1-phenyl-2-propanone"},
		"amphetamine":                        {"CC(N)Cc1ccccc1", "cs-amphetamine"},
		"sarin":                              {"CC(C)OP(C)(F)=O", "cw-phosphonofluoridate"},
		"a core without a place for more":    {"N#CC#N", "cyanogen"},
		"fragment that stays what it is":     {"CN(C)N=O", "nitroso-n"},
		"fragment that all substituents arm": {"P(=O)(F)F", "cw-phosphonyl-difluoride"},
		"nitrile":                            {"C#N", ""},
		"peroxide":                           {"OO", ""},
		"benzene":                            {"c1ccccc1", ""},
		"formaldehyde":                       {"C=O", ""},
		"acrolein":                           {"C=CC=O", ""},
		"hydrogen sulfide":                   {"S", ""},
		"furan":                              {"c1ccoc1", ""},
		"phenethylamine":                     {"NCCc1ccccc1", ""},
		"methylenedioxybenzene":              {"c1ccc2OCOc2c1", ""},
		"lilial":                             {"CC(Cc1ccc(cc1)C(C)(C)C)C=O", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := safety.ScaffoldHazard(chemtest.Parse(t, c.smiles))
			if ok != (c.want != "") || f.ID != c.want {
				t.Errorf("%s: %q, want %q", c.smiles, f.ID, c.want)
			}
		})
	}
}

// What is only banned from cosmetics may be asked for a replacement of.
func TestABanFromCosmeticsIsNoHazard(t *testing.T) {
	for name, smiles := range map[string]string{
		"lilial":          "CC(Cc1ccc(cc1)C(C)(C)C)C=O",
		"lyral":           "CC(C)(O)CCCC1=CCC(CC1)C=O",
		"massoia lactone": "CCCCCC1CC=CC(=O)O1",
	} {
		a := assess(t, smiles)
		if f, ok := a.Hazard(); ok || !a.Prohibited() {
			t.Errorf("%s: prohibited %v, hazard %q", name, a.Prohibited(), f.ID)
		}
	}
	if _, ok := assess(t, "C=CCc1ccc2OCOc2c1").Hazard(); !ok {
		t.Error("safrole, a precursor and banned from cosmetics, is no hazard")
	}
}

func TestNoLibraryOdorantIsAHazard(t *testing.T) {
	library, err := odor.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range library.Odorants() {
		if f, ok := safety.Assess(o.Structure).Hazard(); ok {
			t.Errorf("%s: %s", o.Name, f.ID)
		}
		if f, ok := safety.ScaffoldHazard(o.Structure); ok {
			t.Errorf("%s as a scaffold: %s", o.Name, f.ID)
		}
	}
}

func TestProhibitedHazardsAreRefusedAsSeeds(t *testing.T) {
	for _, row := range rowsOf(t, "hazards.tsv", hazardColumns) {
		if _, ok := assess(t, row[hazardSMILES]).Hazard(); ok != (row[hazardVerdict] == "prohibited") {
			t.Errorf("%s: hazard %v", row[hazardName], ok)
		}
	}
}
