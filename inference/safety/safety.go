// Package safety says what structural alerts, restricted molecules and the
// property limits of odorants say of a molecule. It is a screen over
// structures, not a toxicological assessment: a molecule without findings is not
// thereby safe.
package safety

// Severity is how much a finding weighs.
type Severity string

// The severities. A prohibitive finding withholds the molecule whatever the threshold.
const (
	Notice      Severity = "notice"
	Caution     Severity = "caution"
	Warning     Severity = "warning"
	Prohibitive Severity = "prohibitive"
)

// Finding is one thing that speaks against a molecule.
type Finding struct {
	// ID names the alert, such as "michael-acceptor".
	ID string
	// Category is the kind of alert, such as "skin-sensitiser".
	Category string
	Severity Severity
	// Title says in a few words what was found.
	Title string
	// Source is where the alert comes from.
	Source string
	// Atoms are the 0-based indices of the atoms that match, empty for a finding about the whole.
	Atoms []int
}

// Assessment is what was found, and a score.
type Assessment struct {
	// Score is 1 without findings, and less for each: see docs/safety.md.
	Score float64
	// Findings has the gravest first.
	Findings []Finding
}
