package safety

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/tsv"
)

// findsListed reports whether a listed substance is among the findings about a
// molecule.
func findsListed(t testing.TB, smiles, name string) bool {
	t.Helper()
	for _, f := range Assess(chemtest.Parse(t, smiles)).Findings {
		if f.Basis == Listed && f.ID == name {
			return true
		}
	}
	return false
}

func TestEverySubstanceIsFoundHoweverWritten(t *testing.T) {
	type row struct{ name, smiles string }
	var listed []row
	err := tsv.Rows("restricted.tsv", restrictedTable, substanceColumns, func(cells []string) error {
		listed = append(listed, row{cells[substanceName], cells[substanceSMILES]})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range listed {
		if !findsListed(t, r.smiles, r.name) {
			t.Errorf("%s is not found as %s", r.name, r.smiles)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		r := listed[rapid.IntRange(0, len(listed)-1).Draw(rt, "substance")]
		m, err := chem.Parse(r.smiles)
		if err != nil {
			rt.Fatal(err)
		}
		text := m.RandomSMILES(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)))
		if !findsListed(t, text, r.name) {
			rt.Errorf("%s is not found as %s", r.name, text)
		}
	})
}

func TestStereoCountsOnlyWhereTheListHasIt(t *testing.T) {
	for _, c := range []struct {
		name, smiles, substance string
		want                    bool
	}{
		{"list without marks, molecule with", `CC(=C)[C@@H]1CCC(C)=CC1`, "limonene", true},
		{"same marks", `CCOC(=O)/C=C\C(=O)OCC`, "diethyl maleate", true},
		{"molecule leaves it open", "CCOC(=O)C=CC(=O)OCC", "diethyl maleate", true},
		{"other isomer", `CCOC(=O)/C=C/C(=O)OCC`, "diethyl maleate", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := findsListed(t, c.smiles, c.substance); got != c.want {
				t.Errorf("%s as %s: %v, want %v", c.smiles, c.substance, got, c.want)
			}
		})
	}
}

func TestLabelsAndPartnersHideNoSubstance(t *testing.T) {
	for name, smiles := range map[string]string{
		"isotopes":      "[13CH2]=CCN=C=S",
		"deuterium":     "[2H]C([2H])=CCN=C=S",
		"atom maps":     "[CH2:1]=CCN=C=S",
		"in a mixture":  "C=CCN=C=S.CCO",
		"with its twin": "C=CCN=C=S.C=CCN=C=S",
	} {
		t.Run(name, func(t *testing.T) {
			if !findsListed(t, smiles, "allyl isothiocyanate") {
				t.Errorf("%s is not found", smiles)
			}
		})
	}
}

func TestASubstanceOfTwoListsIsFoundTwice(t *testing.T) {
	categories := map[string]bool{}
	// safrole
	for _, f := range Assess(chemtest.Parse(t, "C=CCc1ccc2OCOc2c1")).Findings {
		if f.Basis == Listed {
			categories[f.Category] = true
		}
	}
	if !categories["cosmetics"] || !categories["drug-precursor"] {
		t.Errorf("lists %v", categories)
	}
}

func TestMalformedSubstancesAreRefused(t *testing.T) {
	const good = "name\tcosmetics\tprohibited\tCCO\tk\n"
	cited := sources{"k": "Somebody"}
	if _, err := loadSubstances(good, cited); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ table, want string }{
		"unknown status": {strings.Replace(good, "prohibited", "bad", 1), "status"},
		"unknown source": {strings.Replace(good, "\tk", "\tx", 1), "sources.tsv"},
		"bad SMILES":     {strings.Replace(good, "CCO", "CC(", 1), "SMILES"},
		"same molecule":  {good + strings.Replace(good, "CCO", "OCC", 1), "same"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := loadSubstances(c.table, cited); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestSourcesAreCitedWithTheirPlaces(t *testing.T) {
	cited := sources{"a": "First", "b": "Second"}
	got, err := cited.cite("a Annex II, 5; b")
	if want := "First, Annex II, 5; Second"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestEverySourceIsCited(t *testing.T) {
	cited, err := loadSources(sourceTable)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, table := range []string{alertTable, restrictedTable} {
		for line := range strings.Lines(table) {
			for cell := range strings.SplitSeq(strings.TrimSpace(line), "\t") {
				for part := range strings.SplitSeq(cell, "; ") {
					key, _, _ := strings.Cut(part, " ")
					used[key] = true
				}
			}
		}
	}
	for key := range cited {
		if !used[key] {
			t.Errorf("source %q is not cited", key)
		}
	}
}
