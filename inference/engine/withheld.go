package engine

import (
	"cmp"
	"slices"
)

// Reason is why a molecule was left out of an answer.
type Reason string

// The reasons for leaving a molecule out.
const (
	// Invalid is a sampled text that is no molecule, or a charged one or a
	// radical.
	Invalid Reason = "invalid"
	// Duplicate is a molecule that was found before, or is itself the one to
	// resemble.
	Duplicate Reason = "duplicate"
	// Unsafe is a molecule with a lower safety score than was asked for.
	Unsafe Reason = "safety"
	// Restricted is a molecule that is withheld whatever is asked for.
	Restricted Reason = "restricted"
	// Constraint is a molecule that breaks a constraint.
	Constraint Reason = "constraint"
	// Excluded is a molecule that the prompt rules out.
	Excluded Reason = "excluded"
	// Irrelevant is a molecule that has too little of what is wanted.
	Irrelevant Reason = "irrelevant"
)

// Withheld says why molecules were left out of an answer.
type Withheld struct {
	Reason Reason
	// Detail says which constraint, which alert or what is excluded, empty
	// where there is nothing to add.
	Detail string
	// Count is how many, at least 1.
	Count int
}

// Tally counts the molecules that are withheld by reason and detail.
type Tally map[cause]int

type cause struct {
	reason Reason
	detail string
}

// Add counts molecules that are withheld.
func (t Tally) Add(w Withheld) { t[cause{w.Reason, w.Detail}] += w.Count }

// List returns the counts, the most frequent first.
func (t Tally) List() []Withheld {
	list := make([]Withheld, 0, len(t))
	for c, count := range t {
		list = append(list, Withheld{c.reason, c.detail, count})
	}
	slices.SortFunc(list, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	return list
}
