// Package odor knows how things smell: a controlled vocabulary of odor
// descriptors, a curated table of odorants, and an interpreter that turns a
// prompt such as "fresh citrus over wet cedar, no musk" into weighted
// descriptors.
//
// What it knows stands in tables beside the code: vocabulary.tsv, phrases.tsv,
// ordinary.txt and odorants.tsv, and labels.tsv for what trained models call
// the same things. What follows from a molecule's structure is computed by
// package chem and is not in them.
package odor

import (
	"cmp"
	"slices"
)

// Note is the position of an odorant in a perfume: how soon it is smelled and
// how long it lasts.
type Note string

// The three notes, from the most volatile to the most lasting.
const (
	Top   Note = "top"
	Heart Note = "heart"
	Base  Note = "base"
)

// Notes lists every note, from the most volatile to the most lasting.
var Notes = []Note{Top, Heart, Base}

// Valid reports whether n is one of [Notes].
func (n Note) Valid() bool { return slices.Contains(Notes, n) }

// Distance is how many steps lie between two valid notes: 0, 1 or 2.
func (n Note) Distance(other Note) int {
	d := slices.Index(Notes, n) - slices.Index(Notes, other)
	return max(d, -d)
}

// Weighted is a descriptor with a weight.
type Weighted struct {
	Descriptor string
	Weight     float64
}

// Profile says how something smells: each descriptor once, with its strength
// from 0 (excluded) to 1, the strongest first.
type Profile []Weighted

// Strength returns how strongly the profile has a descriptor, 0 where it does
// not.
func (p Profile) Strength(descriptor string) float64 {
	for _, w := range p {
		if w.Descriptor == descriptor {
			return w.Weight
		}
	}
	return 0
}

// Similarity compares two profiles: the sum of the smaller strengths over the
// sum of the larger (the weighted Jaccard index), 1 for equal profiles and 0
// for profiles with nothing in common.
func (p Profile) Similarity(q Profile) float64 {
	var shared, all float64
	for _, w := range p {
		other := q.Strength(w.Descriptor)
		shared += min(w.Weight, other)
		all += max(w.Weight, other)
	}
	for _, w := range q {
		if p.Strength(w.Descriptor) == 0 {
			all += w.Weight
		}
	}
	if all == 0 {
		return 0
	}
	return shared / all
}

// sortedProfile turns strengths by descriptor into a profile.
func sortedProfile(strengths map[string]float64) Profile {
	profile := make(Profile, 0, len(strengths))
	for descriptor, strength := range strengths {
		profile = append(profile, Weighted{descriptor, strength})
	}
	slices.SortFunc(profile, func(a, b Weighted) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Descriptor, b.Descriptor))
	})
	return profile
}
