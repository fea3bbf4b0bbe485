package fingerprint

import (
	"cmp"
	"slices"
)

// Set is a collection of fingerprints to search for those most like another.
// It is safe for concurrent searches while nothing is added.
type Set struct {
	bits []Bits
	ones []int
}

// Match is a fingerprint found in a Set.
type Match struct {
	// Index is the position in the set, in the order of adding.
	Index int
	// Similarity is the Tanimoto coefficient, 0 to 1.
	Similarity float64
}

// NewSet returns a set of the given fingerprints.
func NewSet(fingerprints []Bits) *Set {
	s := &Set{}
	for i := range fingerprints {
		s.Add(fingerprints[i])
	}
	return s
}

// Add appends a fingerprint.
func (s *Set) Add(b Bits) {
	s.bits = append(s.bits, b)
	s.ones = append(s.ones, b.Ones())
}

// Len returns the number of fingerprints.
func (s *Set) Len() int { return len(s.bits) }

// Nearest returns the most similar fingerprint, the first of equals; ok is
// false if the set is empty.
func (s *Set) Nearest(query *Bits) (nearest Match, ok bool) {
	found := s.Search(query, 1)
	if len(found) == 0 {
		return Match{}, false
	}
	return found[0], true
}

// Search returns the at most k most similar fingerprints, the best first and
// equals in order of Index.
//
// Two fingerprints are never more similar than the smaller one's number of bits
// is to the larger one's (Swamidass and Baldi, J. Chem. Inf. Model. 2007, 47, 302): those
// that cannot be among the best are not compared.
func (s *Set) Search(query *Bits, k int) []Match {
	k = min(k, len(s.bits))
	if k <= 0 {
		return nil
	}
	found := make([]Match, 0, k+1)
	ones := query.Ones()
	for i := range s.bits {
		if len(found) == k && ratio(min(ones, s.ones[i]), max(ones, s.ones[i])) <= found[k-1].Similarity {
			continue
		}
		shared := query.shared(&s.bits[i])
		m := Match{i, ratio(shared, ones+s.ones[i]-shared)}
		at, _ := slices.BinarySearchFunc(found, m, better)
		if at == k {
			continue
		}
		found = slices.Insert(found, at, m)
		found = found[:min(len(found), k)]
	}
	return found
}

// better orders matches: the more similar first, then the earlier.
func better(a, b Match) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Index, b.Index))
}
