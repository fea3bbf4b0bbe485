package sampler

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/mmr"
)

// selection chooses the molecules of an answer while they are being found: the
// best candidates, new ones rather than known ones, and each next one after a
// reduction for its likeness to those chosen before. What is chosen stays
// chosen.
type selection struct {
	count      int // how many are wanted
	candidates *mmr.Selection[*candidate]
}

func newSelection(count int) *selection {
	return &selection{count: count, candidates: mmr.New(worth, alike)}
}

// add offers a candidate.
func (s *selection) add(c *candidate) { s.candidates.Add(c) }

// chosen returns the candidates that are chosen, in the order of choosing.
func (s *selection) chosen() []*candidate { return s.candidates.Chosen() }

// sure is the probability of ending among the best at which a candidate is
// chosen before all samples are there.
const sure = 0.9

// commit chooses those candidates that are likely to be wanted in the end, when
// done samples of total are there, and returns them. When all are there, it
// chooses the rest.
func (s *selection) commit(done, total int) []*candidate {
	before := len(s.chosen())
	for len(s.chosen()) < s.count && probabilityOfStaying(len(s.chosen()), s.count, done, total) >= sure {
		if _, ok := s.candidates.Next(nil); !ok {
			break
		}
	}
	return s.chosen()[before:]
}

// ranked returns what is chosen, the best first.
func (s *selection) ranked() []*candidate {
	ranked := slices.Clone(s.chosen())
	slices.SortStableFunc(ranked, func(a, b *candidate) int { return cmp.Compare(b.Scores.Overall(), a.Scores.Overall()) })
	return ranked
}

// probabilityOfStaying is how likely a sample with better others before it
// among the first done ones, fewer than done, is among the count best of total.
// Each order of samples is equally likely, so the number of better ones still
// to come has a negative hypergeometric distribution.
func probabilityOfStaying(better, count, done, total int) float64 {
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

// How much of its score a candidate loses while choosing: for being equal to
// one that has been chosen, and for being no new molecule.
const (
	sameness    = 0.5
	familiarity = 0.25
)

// worth is a candidate's score while choosing.
func worth(c *candidate, alike float64) float64 {
	worth := c.Scores.Overall() * (1 - sameness*alike)
	if c.Known.Training || c.Known.Library {
		worth *= 1 - familiarity
	}
	return worth
}

// alike compares two candidates, from 0 to 1: half is how alike they are as
// structures, half how much they have the same of what is wanted, where that is
// more than one thing.
func alike(a, b *candidate) float64 {
	structure := fingerprint.Tanimoto(&a.bits, &b.bits)
	if len(a.met) < 2 {
		return structure
	}
	overlap, ok := mmr.Overlap(a.met, b.met)
	if !ok {
		return structure
	}
	return (structure + overlap) / 2
}
