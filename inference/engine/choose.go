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

// sure is how likely a candidate must be among the best of all samples to be
// chosen before they are there.
const sure = 0.9

// selection chooses the molecules of an answer while they are being found: the
// best candidates, new ones rather than known ones, each next one after a
// reduction for its likeness to those chosen before (Carbonell and Goldstein,
// SIGIR 1998, 335). What is chosen stays chosen.
type selection struct {
	count   int // how many are wanted
	chosen  []candidate
	pending []candidate
}

// add offers a candidate.
func (s *selection) add(c candidate) {
	for i := range s.chosen {
		c.alike = max(c.alike, s.chosen[i].likeness(&c))
	}
	s.pending = append(s.pending, c)
}

// settle chooses those candidates that are likely to be wanted in the end, when
// done samples of total are there, and returns them. When all are there, it
// chooses the rest.
func (s *selection) settle(done, total int) []candidate {
	before := len(s.chosen)
	for len(s.pending) > 0 && len(s.chosen) < s.count && stays(len(s.chosen), s.count, done, total) >= sure {
		s.choose()
	}
	return s.chosen[before:]
}

// choose moves the best pending candidate to those chosen.
func (s *selection) choose() {
	best := 0
	for i := range s.pending {
		if s.pending[i].worth() > s.pending[best].worth() {
			best = i
		}
	}
	next := s.pending[best]
	s.pending = slices.Delete(s.pending, best, best+1)
	s.chosen = append(s.chosen, next)
	for i := range s.pending {
		s.pending[i].alike = max(s.pending[i].alike, next.likeness(&s.pending[i]))
	}
}

// ranked returns what is chosen, the best first.
func (s *selection) ranked() []candidate {
	ranked := slices.Clone(s.chosen)
	slices.SortStableFunc(ranked, func(a, b candidate) int { return cmp.Compare(b.Scores.Overall, a.Scores.Overall) })
	return ranked
}

// stays is how likely a sample with better others before it among the first
// done ones, fewer than done, is among the count best of total. Each order of samples is
// equally likely, so the number of better ones still to come has a negative
// hypergeometric distribution.
func stays(better, count, done, total int) float64 {
	left := total - done
	chance := 1.0 // that none of those left is better
	for i := range better + 1 {
		chance *= float64(done-i) / float64(total-i)
	}
	sum := 0.0
	for more := 0; more <= min(left, count-1-better); more++ {
		sum += chance
		chance *= float64(better+more+1) / float64(more+1) * float64(left-more) / float64(max(1, done-better-1+left-more))
	}
	return sum
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

// worth is a candidate's score while choosing.
func (c *candidate) worth() float64 {
	worth := c.Scores.Overall * (1 - alike*c.alike)
	if c.Known.Training || c.Known.Library {
		worth *= 1 - familiar
	}
	return worth
}
