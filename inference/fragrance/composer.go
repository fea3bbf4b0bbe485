package fragrance

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/odor"
)

const (
	// enough is how far one odorant of full strength covers a descriptor, so that
	// there is always something left for a second.
	enough = 0.8
	// sameness is how much of its worth an odorant loses when an equal one is chosen.
	sameness = 0.5
	// distraction is how much of its worth an odorant loses that smells of nothing but
	// what is not wanted.
	distraction = 0.3
	// mostRefused is how many refused odorants are named.
	mostRefused = 20
)

// candidate is an odorant with its place.
type candidate struct {
	Odorant
	note      odor.Note
	estimated bool
	purity    float64 // 1 without anything that is not wanted, 0 with what must not be
	fit       float64 // its worth while nothing is chosen
	named     bool    // the prompt asks for it
	likeness  float64 // to the most alike of the chosen
	taken     bool
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
	c := &composer{Brief: brief}
	total := 0.0
	for _, w := range brief.Wanted.Descriptors {
		c.importance = append(c.importance, w.Weight*brief.Rarity(w.Descriptor))
		c.missing = append(c.missing, 1)
		total += c.importance[len(c.importance)-1]
	}
	for i := range c.importance {
		c.importance[i] /= total
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

// admit makes a candidate of an odorant that has something of what is wanted and
// whose note is known or can be estimated.
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

// turnAway takes the refused out of the candidates.
func (c *composer) turnAway() {
	c.candidates = slices.DeleteFunc(c.candidates, func(k candidate) bool {
		if k.Refused != "" && len(c.refused) < mostRefused {
			c.refused = append(c.refused, k.Odorant)
		}
		return k.Refused != ""
	})
}

// purity falls with the share of an odorant's smell that nobody asked for, and with
// what is not wanted.
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
	return (1 - distraction*(1-wanted/all)) * avoidance(c.Wanted.Excluded, profile)
}

// avoidance is 0 where something is there that must not be, and falls below 1 with
// what is wanted less.
func avoidance(excluded []odor.Weighted, profile odor.Profile) float64 {
	left := 1.0
	for _, e := range excluded {
		strength := profile.Strength(e.Descriptor)
		if strength > 0 && e.Weight == 1 {
			return 0
		}
		left *= 1 - e.Weight*strength
	}
	return left
}

// bring is how far an odorant covers the i-th wanted descriptor. In another note than
// it is wanted in it brings less.
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

// choose takes odorants one after the other, each time the one that brings most of what
// is missing and is least like those chosen (greedy maximal coverage; Nemhauser,
// Wolsey and Fisher, Math. Programming 1978, 14, 265), as long as its note has a
// seat. Seats that nobody takes go to the other notes.
func (c *composer) choose() {
	seats := c.seats()
	for _, named := range []bool{true, false} {
		for len(c.chosen) < c.Count {
			k := c.best(func(k *candidate) bool { return seats[k.note] > 0 && (k.named || !named) })
			if k == nil {
				break
			}
			seats[k.note]--
			c.take(k)
		}
	}
	for len(c.chosen) < c.Count {
		k := c.best(func(*candidate) bool { return true })
		if k == nil {
			return
		}
		c.take(k)
	}
}

// best returns the candidate that is worth most, nil where none is worth anything.
func (c *composer) best(allowed func(*candidate) bool) *candidate {
	var best *candidate
	most := 0.0
	for i := range c.candidates {
		k := &c.candidates[i]
		if k.taken || !allowed(k) {
			continue
		}
		if worth := c.gain(k) * k.purity * (1 - sameness*k.likeness); worth > most {
			best, most = k, worth
		}
	}
	return best
}

func (c *composer) take(k *candidate) {
	k.taken = true
	c.chosen = append(c.chosen, k)
	for i := range c.missing {
		c.missing[i] *= 1 - c.bring(k, i)
	}
	for i := range c.candidates {
		other := &c.candidates[i]
		other.likeness = max(other.likeness, other.Profile.Similarity(k.Profile))
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
