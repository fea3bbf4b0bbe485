// Package safety says what structural alerts, restricted molecules and the
// property limits of odorants say of a molecule. It is a screen over
// structures, not a toxicological assessment: a molecule without findings is
// not thereby safe.
package safety

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// Disclaimer belongs beside every assessment that is shown to somebody.
const Disclaimer = "Computed from the structure alone: structural alerts, lists of regulated substances and property limits. " +
	"It is no toxicological assessment; a molecule without findings is not thereby safe to make, handle, smell, apply or sell."

// DefaultMinScore is the smallest score of an answer where a request does not
// set one. One warning falls below it, three cautions do not.
const DefaultMinScore = 0.5

// MaxScreenedAtoms is the largest number of atoms that a molecule may have to
// be screened. No odorant comes near it.
const MaxScreenedAtoms = 128

// Severity is how much a finding weighs.
type Severity string

// The severities. A prohibitive finding withholds the molecule whatever the
// threshold.
const (
	Notice      Severity = "notice"
	Caution     Severity = "caution"
	Warning     Severity = "warning"
	Prohibitive Severity = "prohibitive"
)

// Weight is the share of the score that one finding of a severity takes, from 0
// to 1: 0.05, 0.2, 0.6 and 1. An unknown severity takes all.
func (s Severity) Weight() float64 {
	switch s {
	case Notice:
		return 0.05
	case Caution:
		return 0.2
	case Warning:
		return 0.6
	}
	return 1
}

// Basis is what a finding rests on.
type Basis string

// The bases of findings.
const (
	// Alert is a substructure that the molecule holds.
	Alert Basis = "alert"
	// Listed is a list of substances that the molecule is on.
	Listed Basis = "list"
	// Property is a computed property out of the range of odorants.
	Property Basis = "property"
)

// Finding is one thing that speaks against a molecule.
type Finding struct {
	// ID names the alert, such as "acrylate". It is unique among alerts and
	// properties; a listed molecule has the name of the substance.
	ID string
	// Category is the kind of alert, such as "skin-sensitisation".
	Category string
	Severity Severity
	// Basis tells what kind of evidence this is.
	Basis Basis
	// Title says in a few words what was found.
	Title string
	// Source is where the alert comes from.
	Source string
	// Atoms are the 0-based indices of the atoms that match, in ascending
	// order, empty for a finding about the whole.
	Atoms []int
}

// Assessment is what was found, and a score.
type Assessment struct {
	// Score is 1 without findings, and less for each: the product of 1 −
	// [Severity.Weight] over the findings.
	Score float64
	// Findings has the gravest first.
	Findings []Finding
}

// Prohibited reports whether a finding withholds the molecule whatever the
// threshold.
func (a Assessment) Prohibited() bool {
	return len(a.Findings) > 0 && a.Findings[0].Severity == Prohibitive
}

// Passes reports whether a molecule may be shown to somebody who asks for a
// score of at least minScore, 0 to 1.
func (a Assessment) Passes(minScore float64) bool {
	return !a.Prohibited() && a.Score >= minScore
}

// Assess screens a molecule, both as it is drawn and as the parent that its
// salt, ion or unusual drawing stands for. It is safe for concurrent use and
// takes bounded time for any molecule: one of more than [MaxScreenedAtoms]
// atoms is not screened and therefore withheld.
func Assess(m *chem.Molecule) Assessment {
	if m.NumAtoms() > MaxScreenedAtoms {
		return newAssessment([]Finding{tooLarge(m)})
	}
	s := theScreen()
	findings := append(s.alerts(m), s.listed(m)...)
	if parent := m.Parent(); parent != m {
		findings = addNew(findings, append(s.alerts(parent), s.listed(parent)...))
	}
	return newAssessment(append(findings, properties(m)...))
}

// addNew appends the findings that are not there yet.
func addNew(findings, more []Finding) []Finding {
	for _, f := range more {
		same := func(known Finding) bool { return known.ID == f.ID && known.Category == f.Category }
		if !slices.ContainsFunc(findings, same) {
			findings = append(findings, f)
		}
	}
	return findings
}

// newAssessment sorts findings and computes their score.
func newAssessment(findings []Finding) Assessment {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Compare(b.Severity.Weight(), a.Severity.Weight())
	})
	score := 1.0
	for _, f := range findings {
		score *= 1 - f.Severity.Weight()
	}
	return Assessment{Score: score, Findings: findings}
}
