package odor

import (
	"cmp"
	"slices"
)

// A wish for a descriptor is also a small wish for the broader ones: who wants
// lemon will rather have another citrus than none. Excluding it does not
// exclude them.
const broaderShare = 0.4

// finish gathers the mentions. What is excluded outright is not wanted, however
// often it is mentioned.
func (r *reader) finish(vocabulary *Vocabulary) Interpretation {
	r.leaveNote()
	excluded := r.excluded()
	i := Interpretation{
		Descriptors:  r.wanted(vocabulary, excluded),
		Excluded:     excluded,
		Notes:        r.notes,
		Unrecognised: r.unrecognised,
	}
	slices.SortFunc(i.Notes, func(a, b Note) int {
		return cmp.Compare(slices.Index(Notes, a), slices.Index(Notes, b))
	})
	i.ExcludedOdorants = r.named(func(m mention) bool { return m.refused == 1 })
	i.Odorants = r.named(func(m mention) bool {
		return m.refused == 0 && !slices.Contains(i.ExcludedOdorants, m.odorant)
	})
	return i
}

func (r *reader) named(is func(mention) bool) []string {
	var names []string
	for _, m := range r.mentions {
		if m.odorant != "" && is(m) && !slices.Contains(names, m.odorant) {
			names = append(names, m.odorant)
		}
	}
	return names
}

// excluded gathers the refused descriptors. A named odorant is excluded by its
// name alone, not by all that it smells of; less of it is less of that.
func (r *reader) excluded() []Weighted {
	var excluded []Weighted
	for _, m := range r.mentions {
		byName := m.odorant != "" && m.refused == 1
		if m.refused == 0 || byName {
			continue
		}
		for _, w := range m.accord {
			weight := w.Weight * m.refused
			at := slices.IndexFunc(excluded, func(e Weighted) bool { return e.Descriptor == w.Descriptor })
			if at < 0 {
				excluded = append(excluded, Weighted{w.Descriptor, weight})
				continue
			}
			excluded[at].Weight = max(excluded[at].Weight, weight)
		}
	}
	return excluded
}

// wanted gathers the wanted descriptors and what they imply.
func (r *reader) wanted(vocabulary *Vocabulary, excluded []Weighted) []Wanted {
	g := gathering{index: map[string]int{}}
	for _, m := range r.mentions {
		if m.refused > 0 {
			continue
		}
		for _, w := range m.accord {
			g.add(Wanted{w.Descriptor, min(MaxWeight, w.Weight*m.degree), m.note})
		}
	}
	stated := len(g.wanted)
	for _, narrow := range g.wanted[:stated] {
		for _, broader := range vocabulary.Broader(narrow.Descriptor) {
			g.imply(stated, Wanted{broader, narrow.Weight * broaderShare, narrow.Note})
		}
	}
	kept := slices.DeleteFunc(g.wanted, func(w Wanted) bool {
		return slices.ContainsFunc(excluded, func(e Weighted) bool {
			return e.Descriptor == w.Descriptor && e.Weight == 1
		})
	})
	return r.place(kept)
}

// place gives every descriptor without a note the one note word that governs
// nothing.
func (r *reader) place(wanted []Wanted) []Wanted {
	if len(r.loose) != 1 {
		return wanted
	}
	for i := range wanted {
		if wanted[i].Note == "" {
			wanted[i].Note = r.loose[0]
		}
	}
	return wanted
}

// gathering merges what is wanted, in the order of first mention.
type gathering struct {
	wanted []Wanted
	index  map[string]int
}

// add merges a stated descriptor: the larger weight counts, and two different
// notes leave it free.
func (g *gathering) add(w Wanted) {
	at, known := g.index[w.Descriptor]
	if !known {
		g.index[w.Descriptor] = len(g.wanted)
		g.wanted = append(g.wanted, w)
		return
	}
	have := &g.wanted[at]
	have.Weight = max(have.Weight, w.Weight)
	if have.Note != w.Note {
		have.Note = ""
	}
}

// imply merges a descriptor that is implied. The first ones, which are stated,
// stay as they are.
func (g *gathering) imply(stated int, w Wanted) {
	if at, known := g.index[w.Descriptor]; !known || at >= stated {
		g.add(w)
	}
}
