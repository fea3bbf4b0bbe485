package safety

import (
	"regexp"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

func TestTablesLoad(t *testing.T) {
	if _, err := loadScreen(alertTable, restrictedTable, sourceTable); err != nil {
		t.Fatal(err)
	}
}

func TestEveryAlertFindsItsExampleAndNotItsCounterexample(t *testing.T) {
	for _, a := range theScreen().patterns {
		t.Run(a.finding.ID, func(t *testing.T) {
			if !smarts.NewTarget(chemtest.Parse(t, a.present)).Matches(a.pattern) {
				t.Errorf("does not find %s", a.present)
			}
			if smarts.NewTarget(chemtest.Parse(t, a.absent)).Matches(a.pattern) {
				t.Errorf("finds %s", a.absent)
			}
		})
	}
}

// The census may only spare searches that would find nothing.
func TestCensusNeverHidesAnAlert(t *testing.T) {
	patterns := theScreen().patterns
	for _, a := range patterns {
		for _, smiles := range []string{a.present, a.absent} {
			m := chemtest.Parse(t, smiles)
			target, has := smarts.NewTarget(m), newCensus(m)
			for _, p := range patterns {
				if target.Matches(p.pattern) && !has.meets(p.needs) {
					t.Errorf("%s matches %s but does not meet what it is said to need", smiles, p.finding.ID)
				}
			}
		}
	}
}

func TestProhibitiveAlertsProhibit(t *testing.T) {
	for _, a := range theScreen().patterns {
		if a.finding.Severity == Prohibitive && !Assess(chemtest.Parse(t, a.present)).Prohibited() {
			t.Errorf("%s: %s is not prohibited", a.finding.ID, a.present)
		}
	}
}

func TestAlertsAreNamedSoberly(t *testing.T) {
	id := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	for _, a := range theScreen().patterns {
		f := a.finding
		if !id.MatchString(f.ID) {
			t.Errorf("id %q is not in lower case with hyphens", f.ID)
		}
		if f.Title == "" || len(f.Title) > 70 || strings.ContainsAny(f.Title, "!.") {
			t.Errorf("%s: title %q", f.ID, f.Title)
		}
	}
}

func TestMalformedAlertsAreRefused(t *testing.T) {
	const good = "a\tmutagenicity\twarning\tC O\tCO\ttitle\tk\tCO\tC\n"
	cited := sources{"k": "Somebody"}
	if _, err := loadAlerts(good, cited); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ table, want string }{
		"too few columns":  {"a\tb\n", "columns"},
		"unknown severity": {strings.Replace(good, "warning", "grave", 1), "severity"},
		"unknown source":   {strings.Replace(good, "\tk\t", "\tx\t", 1), "sources.tsv"},
		"unknown element":  {strings.Replace(good, "C O", "C Qq", 1), "Qq"},
		"bad SMARTS":       {strings.Replace(good, "\tCO\ttitle", "\tC(\ttitle", 1), "SMARTS"},
		"twice":            {good + good, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := loadAlerts(c.table, cited); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestRequirementsCountElementsHalogensAndRings(t *testing.T) {
	r, err := parseRequirement("C2 Cl hal2 ring")
	if err != nil {
		t.Fatal(err)
	}
	for smiles, want := range map[string]bool{
		"ClC1CC1Br": true,
		"ClC1CC1":   false, // one halogen
		"BrC1CC1Br": false, // no chlorine
		"ClCCBr":    false, // no ring
	} {
		if got := newCensus(chemtest.Parse(t, smiles)).meets(r); got != want {
			t.Errorf("%s: %v, want %v", smiles, got, want)
		}
	}
}
