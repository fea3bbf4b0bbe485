// Package mmr chooses items by maximal marginal relevance (Carbonell and
// Goldstein, SIGIR 1998, 335): one after another, each time the one that is
// worth most after a reduction for its likeness to those chosen before. What is
// chosen stays chosen, so that the choice of n items begins the choice of n+1.
package mmr

import "slices"

// Selection is the state of choosing.
type Selection[T any] struct {
	worth   func(item T, alike float64) float64
	alike   func(a, b T) float64
	pending []pending[T]
	chosen  []T
}

// pending is an item that is not chosen yet.
type pending[T any] struct {
	item     T
	alike    float64 // to the most alike of the chosen that it was compared with
	compared int     // with how many of the chosen
}

// New returns a selection without items.
//
// worth returns what an item is worth, given its likeness to the chosen item
// that is most like it, from 0 to 1. It must not rise with that likeness, nor
// while other items are chosen. alike returns the likeness of two items.
func New[T any](worth func(item T, alike float64) float64, alike func(a, b T) float64) *Selection[T] {
	return &Selection[T]{worth: worth, alike: alike}
}

// Add offers an item.
func (s *Selection[T]) Add(item T) {
	s.pending = append(s.pending, pending[T]{item: item})
}

// Chosen returns the items that are chosen, in the order of choosing. The slice
// is the selection's own: it must not be changed.
func (s *Selection[T]) Chosen() []T { return s.chosen }

// Next chooses the item that is worth most of those that are eligible, the one
// that was added first among equals; a nil eligible takes them all. ok is false
// where none is left.
//
// An item's worth can only fall, so it is compared with the chosen ones only
// when it seems to be the best (lazy greedy; Minoux, LNCIS 1978, 7, 234).
func (s *Selection[T]) Next(eligible func(T) bool) (next T, ok bool) {
	for {
		best := s.promising(eligible)
		if best < 0 {
			return next, false
		}
		p := &s.pending[best]
		if p.compared == len(s.chosen) {
			next = p.item
			s.pending = slices.Delete(s.pending, best, best+1)
			s.chosen = append(s.chosen, next)
			return next, true
		}
		for _, other := range s.chosen[p.compared:] {
			p.alike = max(p.alike, s.alike(p.item, other))
		}
		p.compared = len(s.chosen)
	}
}

// promising returns the item that is worth most as far as it has been compared,
// -1 where none is eligible.
func (s *Selection[T]) promising(eligible func(T) bool) int {
	best, most := -1, 0.0
	for i := range s.pending {
		p := &s.pending[i]
		if eligible != nil && !eligible(p.item) {
			continue
		}
		if worth := s.worth(p.item, p.alike); best < 0 || worth > most {
			best, most = i, worth
		}
	}
	return best
}

// Overlap is how much two items meet the same of several wishes, from 0 to 1:
// the weighted Jaccard index of how far each meets each wish. ok is false where
// neither meets any.
func Overlap(a, b []float64) (overlap float64, ok bool) {
	var shared, all float64
	for i := range a {
		shared += min(a[i], b[i])
		all += max(a[i], b[i])
	}
	if all == 0 {
		return 0, false
	}
	return shared / all, true
}
