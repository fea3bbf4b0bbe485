package healthcheck

import "time"

// Report is the overall health.
type Report struct {
	// Status is the worst status of the checks. A check that is not critical
	// counts as degraded if it failed or is unknown. Without any check it is
	// OK.
	Status Status
	// Checks are ordered by name.
	Checks []State
}

// Failing returns the names of the critical checks that failed or are unknown.
func (r Report) Failing() []string {
	var names []string
	for _, state := range r.Checks {
		if state.weight() == Failed {
			names = append(names, state.Name)
		}
	}
	return names
}

// State is what is known of one check.
type State struct {
	Name     string
	Critical bool
	Result
	// CheckedAt is when the result was found; zero while there is none.
	CheckedAt time.Time
	// History are the last changes of the status, oldest first, [MaxHistory] at
	// most. A check begins as OK.
	History []Transition
}

// weight returns what the check's status means for the whole report.
func (s State) weight() Status {
	if s.Critical {
		return min(s.Status, Failed)
	}
	return min(s.Status, Degraded)
}

// MaxHistory is how many transitions of a check are kept.
const MaxHistory = 16

// Transition is one change of a check's status.
type Transition struct {
	At       time.Time
	From, To Status
	// Detail is that of the result that brought the change.
	Detail string
}
