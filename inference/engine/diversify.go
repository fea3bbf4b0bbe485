package engine

import (
	"context"

	"github.com/odordiff/odordiff/inference/odor"
)

// sameness is how much of its score a match loses while choosing when a
// molecule with an equal profile has been chosen already. It does not change
// the score that is reported.
const sameness = 0.6

// diversify chooses count of the ranked matches so that they do not all
// smell alike and not all answer the same part of the prompt: each next one has the best score after a reduction for its
// likeness to those chosen before (maximal marginal relevance; Carbonell and
// Goldstein, SIGIR 1998, 335). The choice of n begins the choice of n+1. What
// is chosen comes back sorted by its score.
func (s *scorer) diversify(ctx context.Context, ranked []match, count int) ([]match, error) {
	c := choice{scorer: s, ranked: ranked, likeness: make([]float64, len(ranked)), compared: make([]int, len(ranked))}
	for range min(count, len(ranked)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.chosen = append(c.chosen, c.next())
	}
	chosen := make([]match, len(c.chosen))
	for i, at := range c.chosen {
		chosen[i] = ranked[at]
	}
	sortBest(chosen)
	return chosen, nil
}

// choice is the state of choosing. What a match is worth can only fall
// while others are chosen, so it is compared with them no sooner than it
// seems to be the best (lazy greedy; Minoux, LNCIS 1978, 7, 234).
type choice struct {
	*scorer
	ranked   []match
	chosen   []int     // indexes into ranked
	likeness []float64 // of each match to the most alike of the chosen that it was compared with
	compared []int     // with how many of the chosen; taken for a chosen one
}

// taken marks a match that is chosen.
const taken = -1

// next takes the match to choose next; at least one must be left.
func (c *choice) next() int {
	for {
		best := c.promising()
		if c.compared[best] == len(c.chosen) {
			c.compared[best] = taken
			return best
		}
		for _, other := range c.chosen[c.compared[best]:] {
			c.likeness[best] = max(c.likeness[best], c.alike(c.ranked[best].odorant.Profile, c.ranked[other].odorant.Profile))
		}
		c.compared[best] = len(c.chosen)
	}
}

// promising returns the match that is worth most as far as it has been compared.
func (c *choice) promising() int {
	best, most := -1, -1.0
	for i := range c.ranked {
		if c.compared[i] == taken {
			continue
		}
		if worth := c.ranked[i].scores.Overall * (1 - sameness*c.likeness[i]); worth > most {
			best, most = i, worth
		}
	}
	return best
}

// alike compares two profiles, from 0 to 1: half is how alike they smell, half how
// alike they are in what the prompt asks for.
func (s *scorer) alike(a, b odor.Profile) float64 {
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
