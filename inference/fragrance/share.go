package fragrance

import (
	"cmp"
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/odor"
)

// pyramid is how the notes share a fragrance of which nothing else is said, by
// parts and by number of odorants: half of it base, the rest top and heart
// alike. It is a rule of thumb of the trade, in which 40 to 55 % are base.
var pyramid = map[odor.Note]float64{odor.Top: 0.25, odor.Heart: 0.25, odor.Base: 0.5}

// shares says how the notes share this fragrance: as in the pyramid, but a note
// counts up to twice as much, by the share of the wishes that are placed in it.
func (c *composer) shares() map[odor.Note]float64 {
	placed, all := map[odor.Note]float64{}, 0.0
	for _, w := range c.Wanted.Descriptors {
		placed[w.Note] += w.Weight
		all += w.Weight
	}
	shares, total := map[odor.Note]float64{}, 0.0
	for note, share := range pyramid {
		shares[note] = share * (1 + placed[note]/all)
	}
	for _, note := range odor.Notes { // in order: the sum of floats depends on it
		total += shares[note]
	}
	for note := range shares {
		shares[note] /= total
	}
	return shares
}

// places says how many odorants each note has: one at least where there are as
// many as notes.
func (c *composer) places() map[odor.Note]int {
	shares, weights := c.shares(), make([]float64, len(odor.Notes))
	for i, note := range odor.Notes {
		weights[i] = shares[note]
	}
	places := map[odor.Note]int{}
	for i, n := range divide(c.Count, weights) {
		places[odor.Notes[i]] = n
	}
	return places
}

// parts shares out the parts of the formula among the chosen odorants: each
// note has its share, and within it each odorant as much as it fits the prompt.
func (c *composer) parts() []int {
	fits := map[odor.Note]float64{}
	for _, k := range c.chosen {
		fits[k.note] += k.fit
	}
	shares, weights := c.shares(), make([]float64, len(c.chosen))
	for i, k := range c.chosen {
		weights[i] = shares[k.note] * k.fit / fits[k.note]
	}
	return divide(Parts, weights)
}

// divide splits a whole by weights into numbers that add up to it, each at
// least 1 where the whole suffices: by the largest remainder (Hamilton's
// method). Equal remainders favour the first.
func divide(whole int, weights []float64) []int {
	shares := make([]int, len(weights))
	if len(weights) == 0 {
		return shares
	}
	least := 0
	if whole >= len(weights) {
		least = 1
	}
	left, total := whole-least*len(weights), 0.0
	for _, w := range weights {
		total += w
	}
	remainders := make([]float64, len(weights))
	given := 0
	for i, w := range weights {
		exact := float64(left) * w / total
		shares[i] = int(math.Floor(exact))
		remainders[i] = exact - math.Floor(exact)
		given += shares[i]
		shares[i] += least
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:max(0, left-given)] {
		shares[i]++
	}
	return shares
}
