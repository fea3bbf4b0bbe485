package engine

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// How much of its score a candidate loses while choosing: for being equal to
// one that has been chosen, and for being no new molecule.
const (
	alike    = 0.5
	familiar = 0.25
)

// choose takes the best candidates, new ones rather than known ones, each next
// one after a reduction for its likeness to those chosen before (Carbonell and
// Goldstein, SIGIR 1998, 335), and returns them sorted by their score.
func (s *search) choose() []candidate {
	left := slices.Clone(s.found)
	likeness := make([]float64, len(left))
	var chosen []candidate
	for range min(s.request.Count, len(s.found)) {
		best := 0
		for i := range left {
			if worth(left[i], likeness[i]) > worth(left[best], likeness[best]) {
				best = i
			}
		}
		next := left[best]
		chosen = append(chosen, next)
		left, likeness = slices.Delete(left, best, best+1), slices.Delete(likeness, best, best+1)
		for i := range left {
			likeness[i] = max(likeness[i], next.likeness(&left[i]))
		}
	}
	slices.SortStableFunc(chosen, func(a, b candidate) int { return cmp.Compare(b.Scores.Overall, a.Scores.Overall) })
	return chosen
}

// likeness compares two candidates: the mean of how alike they are and of how
// much they have the same of what is wanted (weighted Jaccard index), 0 to 1.
func (c *candidate) likeness(other *candidate) float64 {
	structure := fingerprint.Tanimoto(&c.print, &other.print)
	if len(c.met) < 2 {
		return structure
	}
	var shared, all float64
	for i, x := range c.met {
		shared += min(x, other.met[i])
		all += max(x, other.met[i])
	}
	if all == 0 {
		return structure
	}
	return (structure + shared/all) / 2
}

func worth(c candidate, likeness float64) float64 {
	worth := c.Scores.Overall * (1 - alike*likeness)
	if c.Known.Training || c.Known.Library {
		worth *= 1 - familiar
	}
	return worth
}
