package fingerprint

import (
	"slices"
)

// Feature is a kind of fragment and how often a molecule has it.
type Feature struct {
	// ID is a hash of the fragment.
	ID uint32
	// Count is at least 1.
	Count int
}

// Sparse is a fingerprint: the features of a molecule in rising order of ID,
// each ID once.
type Sparse []Feature

// sparse counts identifiers. It reorders ids.
func sparse(ids []uint32) Sparse {
	slices.Sort(ids)
	s := make(Sparse, 0, len(ids))
	for _, id := range ids {
		if last := len(s) - 1; last >= 0 && s[last].ID == id {
			s[last].Count++
			continue
		}
		s = append(s, Feature{id, 1})
	}
	return s
}

// combine mixes a value into a hash, as Boost's hash_combine does on 32 bits.
// RDKit's identifiers are made with it.
func combine(seed, value uint32) uint32 {
	return seed ^ (value + 0x9e3779b9 + seed<<6 + seed>>2)
}

// hashAll hashes a sequence of values.
func hashAll(values ...uint32) uint32 {
	var seed uint32
	for _, v := range values {
		seed = combine(seed, v)
	}
	return seed
}
