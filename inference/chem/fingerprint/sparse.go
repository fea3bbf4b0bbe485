// Package fingerprint describes molecules by the fragments in them, and
// compares molecules by what they share.
//
// [Morgan] finds circular fragments with RDKit's identifiers, so that its
// fingerprints can be compared with those made elsewhere. [AtomPairs] and
// [Torsions] number their fragments in this package's own way.
package fingerprint

import (
	"cmp"
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

// Folded maps each feature to one of size slots, ID modulo size, and adds up
// the counts of those that meet there. The slots are in rising order. It panics
// if size is 0.
func (s Sparse) Folded(size uint32) Sparse {
	folded := make(Sparse, len(s))
	for i, f := range s {
		folded[i] = Feature{f.ID % size, f.Count}
	}
	slices.SortFunc(folded, func(a, b Feature) int { return cmp.Compare(a.ID, b.ID) })
	merged := folded[:0]
	for _, f := range folded {
		if last := len(merged) - 1; last >= 0 && merged[last].ID == f.ID {
			merged[last].Count += f.Count
			continue
		}
		merged = append(merged, f)
	}
	return merged
}

// Similarity returns the Tanimoto coefficient of two molecules' counts, 0 to 1:
// the sum of the smaller counts over the sum of the larger ones (Willett,
// Barnard and Downs, J. Chem. Inf. Comput. Sci. 1998, 38, 983). Two empty
// fingerprints have the similarity 0.
func (s Sparse) Similarity(other Sparse) float64 {
	smaller, larger := 0, 0
	for len(s) > 0 && len(other) > 0 {
		switch a, b := s[0], other[0]; {
		case a.ID < b.ID:
			larger += a.Count
			s = s[1:]
		case a.ID > b.ID:
			larger += b.Count
			other = other[1:]
		default:
			smaller += min(a.Count, b.Count)
			larger += max(a.Count, b.Count)
			s, other = s[1:], other[1:]
		}
	}
	larger += s.total() + other.total()
	if larger == 0 {
		return 0
	}
	return float64(smaller) / float64(larger)
}

func (s Sparse) total() int {
	total := 0
	for _, f := range s {
		total += f.Count
	}
	return total
}
