package engine

import (
	"context"

	"github.com/odordiff/odordiff/inference/odor"
)

// sameness is how much of its score a candidate loses while choosing when a
// molecule with an equal profile has been chosen already. It does not change
// the score that is reported.
const sameness = 0.5

// diversify chooses count of the ranked candidates so that they do not all
// smell alike and not all answer the same part of the prompt: each next one has the best score after a reduction for its
// likeness to those chosen before (maximal marginal relevance; Carbonell and
// Goldstein, SIGIR 1998, 335). The choice of n begins the choice of n+1. What
// is chosen comes back sorted by its score.
func (s *scorer) diversify(ctx context.Context, ranked []candidate, count int) ([]candidate, error) {
	count = min(count, len(ranked))
	chosen := make([]candidate, 0, count)
	likeness := make([]float64, len(ranked)) // to the most alike of the chosen; -1 for a chosen one
	for len(chosen) < count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		best := next(ranked, likeness)
		likeness[best] = -1
		chosen = append(chosen, ranked[best])
		for i := range ranked {
			if likeness[i] >= 0 {
				likeness[i] = max(likeness[i], s.likeness(ranked[i].odorant.Profile, ranked[best].odorant.Profile))
			}
		}
	}
	sortBest(chosen)
	return chosen, nil
}

// next returns the index of the candidate to choose next; at least one must be left.
func next(ranked []candidate, likeness []float64) int {
	best, most := -1, -1.0
	for i, c := range ranked {
		if likeness[i] < 0 {
			continue
		}
		if value := c.scores.Overall * (1 - sameness*likeness[i]); value > most {
			best, most = i, value
		}
	}
	return best
}

// likeness of two profiles from 0 to 1: half is how alike they smell, half how
// alike they are in what the prompt asks for.
func (s *scorer) likeness(a, b odor.Profile) float64 {
	smell := a.Similarity(b)
	var shared, all float64
	for i, wanted := range s.interpretation.Descriptors {
		x, y := a.Strength(wanted.Descriptor), b.Strength(wanted.Descriptor)
		shared += s.importance[i] * min(x, y)
		all += s.importance[i] * max(x, y)
	}
	if all == 0 {
		return smell
	}
	return (smell + shared/all) / 2
}
