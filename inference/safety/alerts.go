package safety

import (
	"fmt"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
	"github.com/odordiff/odordiff/inference/tsv"
)

// alert is a substructure that speaks against a molecule.
type alert struct {
	finding Finding
	pattern *smarts.Pattern
	needs   requirement
	// present and absent are SMILES of a molecule that has the alert and of one
	// that looks similar and does not.
	present, absent string
}

// Columns of alerts.tsv.
const (
	alertID = iota
	alertCategory
	alertSeverity
	alertNeeds
	alertSMARTS
	alertTitle
	alertSource
	alertPresent
	alertAbsent
	alertColumns
)

func loadAlerts(table string, cited sources) ([]alert, error) {
	var alerts []alert
	seen := map[string]bool{}
	err := tsv.Rows("alerts.tsv", table, alertColumns, func(cells []string) error {
		a, err := newAlert(cells, cited)
		if err != nil {
			return err
		}
		if seen[a.finding.ID] {
			return fmt.Errorf("%q is there twice", a.finding.ID)
		}
		seen[a.finding.ID] = true
		alerts = append(alerts, a)
		return nil
	})
	return alerts, err
}

func newAlert(cells []string, cited sources) (alert, error) {
	severity, err := severityOf(cells[alertSeverity])
	if err != nil {
		return alert{}, err
	}
	source, err := cited.cite(cells[alertSource])
	if err != nil {
		return alert{}, err
	}
	needs, err := parseRequirement(cells[alertNeeds])
	if err != nil {
		return alert{}, err
	}
	pattern, err := smarts.Compile(cells[alertSMARTS])
	if err != nil {
		return alert{}, err
	}
	return alert{
		finding: Finding{
			ID:       cells[alertID],
			Category: cells[alertCategory],
			Severity: severity,
			Basis:    Alert,
			Title:    cells[alertTitle],
			Source:   source,
		},
		pattern: pattern,
		needs:   needs,
		present: cells[alertPresent],
		absent:  cells[alertAbsent],
	}, nil
}

// maxOccurrences is how many occurrences of an alert are looked for to mark
// atoms. An alert counts once, however often it occurs.
const maxOccurrences = 8

// alerts returns a finding for each alert that a molecule has.
func (s *screen) alerts(m *chem.Molecule) []Finding {
	has := newCensus(m)
	target := smarts.NewTarget(m)
	var findings []Finding
	for i := range s.patterns {
		a := &s.patterns[i]
		if !has.meets(a.needs) || !target.Matches(a.pattern) {
			continue
		}
		found := a.finding
		found.Atoms = union(target.Find(a.pattern, maxOccurrences))
		findings = append(findings, found)
	}
	return findings
}

// union returns the atoms of all matches in ascending order.
func union(matches [][]int) []int {
	atoms := slices.Concat(matches...)
	slices.Sort(atoms)
	return slices.Compact(atoms)
}
