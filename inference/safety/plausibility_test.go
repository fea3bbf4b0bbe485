package safety_test

import (
	"testing"

	"github.com/odordiff/odordiff/inference/safety"
)

// Odorants of nature that look strained, enolic or short-lived, and keep.
func TestOdorantsThatLookImplausiblePass(t *testing.T) {
	for name, smiles := range map[string]string{
		"azulene":                  "c1ccc2cccc2cc1",
		"beta-caryophyllene":       "C=C1CCC=C(C)CCC2C1CC2(C)C",
		"beta-methoxystyrene":      "COC=Cc1ccccc1",
		"3-carene":                 "CC1=CCC2C(C1)C2(C)C",
		"cyclotene":                "CC1=C(O)C(=O)CC1",
		"dimethyl tetrasulfide":    "CSSSSC",
		"dimethyl trisulfide":      "CSSSC",
		"1,1-ethanedithiol":        "CC(S)S",
		"furaneol":                 "CC1=C(O)C(=O)C(C)O1",
		"galbanolene":              "CCCCCC=CC=CC=C",
		"germacrene D":             "CC1=CCCC(=C)C=CC(C(C)C)CC1",
		"hinokitiol":               "CC(C)c1cccc(O)c(=O)c1",
		"humulene":                 "CC1=CCC(C)(C)C=CCC(C)=CCC1",
		"indene":                   "C1C=Cc2ccccc12",
		"lenthionine":              "C1SSCSSS1",
		"maltol":                   "Cc1occc(=O)c1O",
		"ocimene":                  "CC(C)=CCC=C(C)C=C",
		"pinene":                   "CC1=CCC2CC1C2(C)C",
		"propanethial S-oxide":     "CCC=S=O",
		"propylidene phthalide":    "CCC=C1OC(=O)c2ccccc12",
		"2-acetyl-1-pyrroline":     "CC(=O)C1=NCCC1",
		"sabinene":                 "C=C1CCC2(C(C)C)CC12",
		"sotolon":                  "CC1OC(=O)C(O)=C1C",
		"thialdine":                "CC1NC(C)SC(C)S1",
		"2-methyl-1,3,5-trithiane": "CC1SC(C)SC(C)S1",
		"thujone":                  "CC1C(=O)CC2(C(C)C)CC12",
	} {
		t.Run(name, func(t *testing.T) {
			if a := assess(t, smiles); !a.Passes(safety.DefaultMinScore) {
				t.Errorf("withheld for %v", ids(a))
			}
		})
	}
}

func TestImplausibleMoleculesAreWithheld(t *testing.T) {
	for name, smiles := range map[string]string{
		"cyclooctatetraene":     "CC1=CC=CC=CC=C1",
		"diazete":               "CC(=O)C1=NN=C1",
		"dimethylfulvene":       "CC(C)=C1C=CC=C1",
		"enol":                  "CCCC=CO",
		"hydrodisulfide":        "CCCSS",
		"ketene acetal":         "CC=C(OCC)OCC",
		"metacyclophane":        "CC(=O)c1cc2cc(c1)O2",
		"nine-ring annulenone":  "COc1ccccoc(=O)ccc1O",
		"bridgehead norbornene": "C1CC2=CCC1C2",
		"sulfur cumulene":       "S=S=NC=CC=CS",
		"sulfur diimide":        "CN=S=NC",
		"N-sulfinylamine":       "CCCCN=S=O",
		"thiazyne":              "CCS#N",
		"cumulene at sulfur":    "CC=S=CC",
		"sulfene":               "CC=S(=O)=O",
		"N-sulfonylamine":       "CCN=S(=O)=O",
		"thiosulfoxide":         "CCS(=S)CC",
	} {
		t.Run(name, func(t *testing.T) {
			if a := assess(t, smiles); a.Passes(safety.DefaultMinScore) {
				t.Errorf("passes with %v", ids(a))
			}
		})
	}
}
