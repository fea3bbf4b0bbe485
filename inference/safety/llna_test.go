package safety_test

import (
	"testing"

	"github.com/odordiff/odordiff/inference/safety"
)

// The reference substances of the murine local lymph node assay (OECD Test
// Guideline 429, 2010, Annex 1, table 1).
var (
	sensitisers = map[string]string{
		"5-chloro-2-methyl-4-isothiazolin-3-one": "CN1SC(Cl)=CC1=O",
		"2,4-dinitrochlorobenzene":               "O=[N+]([O-])c1ccc(Cl)c([N+](=O)[O-])c1",
		"4-phenylenediamine":                     "Nc1ccc(N)cc1",
		"cobalt chloride":                        "[Co+2].[Cl-].[Cl-]",
		"isoeugenol":                             "COc1cc(C=CC)ccc1O",
		"2-mercaptobenzothiazole":                "Sc1nc2ccccc2s1",
		"citral":                                 "CC(C)=CCCC(C)=CC=O",
		"hexyl cinnamal":                         "CCCCCCC(C=O)=Cc1ccccc1",
		"eugenol":                                "COc1cc(CC=C)ccc1O",
		"phenyl benzoate":                        "O=C(Oc1ccccc1)c1ccccc1",
		"cinnamyl alcohol":                       "OCC=Cc1ccccc1",
		"imidazolidinyl urea":                    "OCN1C(NC(=O)NCNC(=O)NC2C(=O)NC(=O)N2CO)C(=O)NC1=O",
		"methyl methacrylate":                    "COC(=O)C(C)=C",
	}
	others = map[string]string{
		"chlorobenzene":     "Clc1ccccc1",
		"isopropanol":       "CC(C)O",
		"lactic acid":       "CC(O)C(O)=O",
		"methyl salicylate": "COC(=O)c1ccccc1O",
		"salicylic acid":    "OC(=O)c1ccccc1O",
	}
)

func hasSensitisationAlert(a safety.Assessment) bool {
	for _, f := range a.Findings {
		if f.Category == "skin-sensitisation" {
			return true
		}
	}
	return false
}

func TestReferenceSensitisersHaveASensitisationAlert(t *testing.T) {
	for name, smiles := range sensitisers {
		a := assess(t, smiles)
		// Cobalt has no organic mechanism; it is found as a metal.
		if want := name != "cobalt chloride"; hasSensitisationAlert(a) != want {
			t.Errorf("%s: %v", name, ids(a))
		}
	}
}

func TestReferenceSubstancesThatDoNotSensitiseHaveNone(t *testing.T) {
	for name, smiles := range others {
		if a := assess(t, smiles); hasSensitisationAlert(a) {
			t.Errorf("%s: %v", name, ids(a))
		}
	}
}
