package safety

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/tsv"
)

// substances are listed molecules, found by their formula and then by their
// canonical SMILES. Hazards are found by their skeleton too, so that another
// drawing does not hide them.
type substances struct {
	formulas map[string]bool
	byFlat   map[string][]substance
	// by formula first: a skeleton takes long
	bySkeleton map[string]map[string][]substance
}

// substance is one entry of a list.
type substance struct {
	finding Finding
	// smiles is the canonical SMILES with the stereo marks of the list, if it
	// has any.
	smiles string
}

// status is what a list says of a substance.
type status struct {
	severity Severity
	phrase   string
}

// statuses are the words of restricted.tsv and what follows from them.
var statuses = map[string]status{
	"prohibited": {Prohibitive, "prohibited"},
	"fatal":      {Prohibitive, "fatal if inhaled"},
	"poison":     {Prohibitive, "a strong poison"},
	"toxic":      {Warning, "toxic if inhaled"},
	"restricted": {Caution, "restricted in use"},
	"monitored":  {Caution, "licensed or reported in trade"},
	"noted":      {Notice, "watched in trade"},
	"declarable": {Notice, "to be declared on labels"},
}

// Columns of restricted.tsv.
const (
	substanceName = iota
	substanceCategory
	substanceStatus
	substanceSMILES
	substanceSource
	substanceColumns
)

func loadSubstances(table string, cited sources) (substances, error) {
	s := substances{formulas: map[string]bool{}, byFlat: map[string][]substance{}, bySkeleton: map[string]map[string][]substance{}}
	err := tsv.Rows("restricted.tsv", table, substanceColumns, func(cells []string) error {
		return s.add(cells, cited)
	})
	return s, err
}

func (s substances) add(cells []string, cited sources) error {
	status, ok := statuses[cells[substanceStatus]]
	if !ok {
		return fmt.Errorf("unknown status %q", cells[substanceStatus])
	}
	source, err := cited.cite(cells[substanceSource])
	if err != nil {
		return err
	}
	m, err := chem.Parse(cells[substanceSMILES])
	if err != nil {
		return err
	}
	flat, err := flatten(m)
	if err != nil {
		return err
	}
	key := flat.SMILES()
	for _, other := range s.byFlat[key] {
		if other.smiles == m.SMILES() && other.finding.Category == cells[substanceCategory] {
			return fmt.Errorf("%q is the same as %q", cells[substanceName], other.finding.ID)
		}
	}
	listed := substance{
		finding: Finding{
			ID:       cells[substanceName],
			Category: cells[substanceCategory],
			Severity: status.severity,
			Basis:    Listed,
			Title:    cells[substanceName] + ": " + status.phrase,
			Source:   source,
		},
		smiles: m.SMILES(),
	}
	formula := flat.Formula()
	s.formulas[formula] = true
	s.byFlat[key] = append(s.byFlat[key], listed)
	if listed.finding.isHazard() && listed.finding.Category != "acute-toxicity" {
		s.addSkeleton(formula, flat.Skeleton(), listed)
	}
	return nil
}

func (s substances) addSkeleton(formula, skeleton string, listed substance) {
	if s.bySkeleton[formula] == nil {
		s.bySkeleton[formula] = map[string][]substance{}
	}
	s.bySkeleton[formula][skeleton] = append(s.bySkeleton[formula][skeleton], listed)
}

// listed returns a finding for each list entry that a molecule, or one of its
// components, is.
func (s *screen) listed(m *chem.Molecule) []Finding {
	if m.Components() == 1 {
		return s.substances.find(m)
	}
	var findings []Finding
	seen := map[string]bool{}
	for text := range strings.SplitSeq(m.SMILES(), ".") {
		component, err := chem.Parse(text)
		if err != nil || seen[text] {
			continue
		}
		seen[text] = true
		findings = append(findings, s.substances.find(component)...)
	}
	return findings
}

// find looks up a molecule of one component. An entry without stereo marks is
// found in all stereoisomers; one with marks in itself and where the molecule
// leaves its stereo open.
func (s substances) find(m *chem.Molecule) []Finding {
	if !s.formulas[m.Formula()] {
		return nil
	}
	flat, err := flatten(m)
	if err != nil {
		return nil
	}
	key, own := flat.SMILES(), m.SMILES()
	var findings []Finding
	for _, entry := range s.byFlat[key] {
		if entry.smiles == key || own == key || entry.smiles == own {
			findings = append(findings, entry.finding)
		}
	}
	return addNew(findings, s.tautomers(flat))
}

// tautomers returns what is listed as a weapon, an explosive, a controlled
// substance or a precursor and differs from a molecule in the places of
// hydrogens and double bonds at most. Poisons are not looked up so: they are
// small, and their isomers are other substances.
func (s substances) tautomers(flat *chem.Molecule) []Finding {
	isomers := s.bySkeleton[flat.Formula()]
	if isomers == nil {
		return nil
	}
	var findings []Finding
	for _, entry := range isomers[flat.Skeleton()] {
		findings = append(findings, entry.finding)
	}
	return findings
}

// labels are the marks that distinguish molecules of one constitution: isotopes
// and atom maps.
var (
	isotopes = regexp.MustCompile(`\[\d+`)
	atomMaps = regexp.MustCompile(`:\d+\]`)
	marks    = strings.NewReplacer("@", "", "/", "", `\`, "")
)

// flatten returns the molecule without stereo marks, isotopes and atom maps,
// and with its hydrogens folded.
func flatten(m *chem.Molecule) (*chem.Molecule, error) {
	text := m.SMILES()
	flat := marks.Replace(unlabel(text))
	if flat == text && !strings.Contains(text, "[H]") {
		return m, nil
	}
	return chem.Parse(flat)
}

// unlabel takes isotopes and atom maps off a SMILES.
func unlabel(smiles string) string {
	return atomMaps.ReplaceAllString(isotopes.ReplaceAllString(smiles, "["), "]")
}
