package safety

import (
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

func mustParse(t testing.TB, smiles string) *chem.Molecule {
	t.Helper()
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatalf("%s: %v", smiles, err)
	}
	return m
}

func TestTablesLoad(t *testing.T) {
	if _, err := loadScreen(alertTable, restrictedTable, sourceTable); err != nil {
		t.Fatal(err)
	}
}

func TestEveryAlertFindsItsExampleAndNotItsCounterexample(t *testing.T) {
	for _, a := range theScreen().patterns {
		t.Run(a.finding.ID, func(t *testing.T) {
			present, absent := mustParse(t, a.present), mustParse(t, a.absent)
			if !smarts.NewTarget(present).Matches(a.pattern) {
				t.Errorf("does not find %s", a.present)
			}
			if !takeCensus(present).meets(a.needs) {
				t.Errorf("%s does not meet what the alert is said to need", a.present)
			}
			if smarts.NewTarget(absent).Matches(a.pattern) {
				t.Errorf("finds %s", a.absent)
			}
		})
	}
}
