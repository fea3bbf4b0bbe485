package engine

import (
	"cmp"
	"slices"
)

// tally counts what is withheld by reason and detail. Its keys have no Count.
type tally map[Withheld]int

// add counts a molecule that is withheld.
func (t tally) add(w Withheld) {
	count := w.Count
	w.Count = 0
	t[w] += count
}

// list returns the counts, the most frequent first.
func (t tally) list() []Withheld {
	list := make([]Withheld, 0, len(t))
	for w, count := range t {
		w.Count = count
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	return list
}
