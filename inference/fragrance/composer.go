package fragrance

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/mmr"
	"github.com/odordiff/odordiff/inference/odor"
)

const (
	// enough is how far one odorant of full strength covers a descriptor, so
	// that there is always something left for a second.
	enough = 0.8
	// sameness is how much of its worth an odorant loses when an equal one is
	// chosen.
	sameness = 0.5
	// distraction is how much of its worth an odorant loses when nothing of its
	// smell is wanted.
	distraction = 0.3
	// mostRefused is how many refused odorants are named.
	mostRefused = 20
)

// candidate is an odorant with its place.
type candidate struct {
	Odorant
	note      odor.Note
	estimated bool
	// 1 without anything that is not wanted, 0 with what must not be
	purity float64
	fit    float64 // its worth while nothing is chosen
	named  bool    // the prompt asks for it
}

// composer is the state of composing.
type composer struct {
	Brief
	importance []float64 // of each wanted descriptor; they add up to 1
	missing    []float64 // how much of each wanted descriptor is not covered yet
	candidates []candidate
	chosen     []*candidate
	refused    []Odorant
}

func newComposer(odorants []Odorant, brief Brief) *composer {
	c := &composer{
		Brief:      brief,
		importance: brief.Wanted.Importance(brief.Rarity),
		missing:    slices.Repeat([]float64{1}, len(brief.Wanted.Descriptors)),
	}
	for _, o := range odorants {
		c.admit(o)
	}
	// The order of equals must not depend on the caller.
	slices.SortStableFunc(c.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.fit, a.fit), cmp.Compare(a.Structure.SMILES(), b.Structure.SMILES()))
	})
	c.turnAway()
	return c
}

// admit makes a candidate of an odorant that has something of what is wanted
// and whose note is known or can be estimated.
func (c *composer) admit(o Odorant) {
	if slices.Contains(c.Wanted.ExcludedOdorants, o.Name) {
		return
	}
	k := candidate{Odorant: o, note: o.Note, purity: c.purity(o.Profile)}
	if k.note == "" {
		if k.note, k.estimated = odor.NoteOf(o.Structure); !k.estimated {
			return
		}
	}
	k.fit = c.gain(&k) * k.purity
	k.named = o.Name != "" && slices.Contains(c.Wanted.Odorants, o.Name)
	if k.fit > 0 {
		c.candidates = append(c.candidates, k)
	}
}

// turnAway removes the refused candidates and remembers the first of them.
func (c *composer) turnAway() {
	c.candidates = slices.DeleteFunc(c.candidates, func(k candidate) bool {
		if k.Refused != "" && len(c.refused) < mostRefused {
			c.refused = append(c.refused, k.Odorant)
		}
		return k.Refused != ""
	})
}

// purity falls with the share of an odorant's smell that nobody asked for, and
// with what is not wanted.
func (c *composer) purity(profile odor.Profile) float64 {
	wanted, all := 0.0, 0.0
	for _, w := range profile {
		all += w.Weight
		if slices.ContainsFunc(c.Wanted.Descriptors, func(d odor.Wanted) bool { return d.Descriptor == w.Descriptor }) {
			wanted += w.Weight
		}
	}
	if all == 0 {
		return 0
	}
	return (1 - distraction*(1-wanted/all)) * c.Wanted.Avoidance(profile)
}

// bring is how far an odorant covers the i-th wanted descriptor. It brings less
// where the descriptor is wanted in another note.
func (c *composer) bring(k *candidate, i int) float64 {
	wanted := c.Wanted.Descriptors[i]
	brought := enough * k.Profile.Strength(wanted.Descriptor)
	if wanted.Note == "" {
		return brought
	}
	return brought * [...]float64{1, 0.5, 0.25}[wanted.Note.Distance(k.note)]
}

// gain is how much of what is still missing an odorant brings.
func (c *composer) gain(k *candidate) float64 {
	gain := 0.0
	for i, importance := range c.importance {
		gain += importance * c.missing[i] * c.bring(k, i)
	}
	return gain
}

// choose chooses odorants one after the other, each time the one that brings
// most of what is missing (greedy maximal coverage; Nemhauser, Wolsey and
// Fisher, Math. Programming 1978, 14, 265) and is least like those chosen, as
// long as its note has a place. Places that no odorant fills go to the other
// notes.
func (c *composer) choose() {
	selection := mmr.New(c.worth, func(a, b *candidate) float64 { return a.Profile.Similarity(b.Profile) })
	for i := range c.candidates {
		selection.Add(&c.candidates[i])
	}
	places := c.places()
	for _, eligible := range []func(*candidate) bool{
		func(k *candidate) bool { return k.named && places[k.note] > 0 },
		func(k *candidate) bool { return places[k.note] > 0 },
		func(*candidate) bool { return true },
	} {
		for len(selection.Chosen()) < c.Count {
			k, ok := selection.Next(func(k *candidate) bool { return eligible(k) && c.gain(k) > 0 })
			if !ok {
				break
			}
			places[k.note]--
			c.cover(k)
		}
	}
	c.chosen = selection.Chosen()
}

// worth is what a candidate would add to those chosen, given its likeness to
// the one most like it.
func (c *composer) worth(k *candidate, alike float64) float64 {
	return c.gain(k) * k.purity * (1 - sameness*alike)
}

// cover subtracts what an odorant brings from what is missing.
func (c *composer) cover(k *candidate) {
	for i := range c.missing {
		c.missing[i] *= 1 - c.bring(k, i)
	}
}

// role lists what an odorant brings, the most important first.
func (c *composer) role(k *candidate) odor.Profile {
	type part struct {
		odor.Weighted
		worth float64
	}
	var parts []part
	for i, w := range c.Wanted.Descriptors {
		if strength := k.Profile.Strength(w.Descriptor); strength > 0 {
			parts = append(parts, part{odor.Weighted{Descriptor: w.Descriptor, Weight: strength}, strength * c.importance[i]})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.worth, a.worth) })
	role := make(odor.Profile, len(parts))
	for i, p := range parts {
		role[i] = p.Weighted
	}
	return role
}

func (c *composer) coverage() []odor.Weighted {
	coverage := make([]odor.Weighted, len(c.missing))
	for i, w := range c.Wanted.Descriptors {
		coverage[i] = odor.Weighted{Descriptor: w.Descriptor, Weight: 1 - c.missing[i]}
	}
	return coverage
}
