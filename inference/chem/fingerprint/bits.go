package fingerprint

import (
	"cmp"
	"math/bits"
	"slices"
)

// Size is the length of a Bits fingerprint in bits.
const Size = 2048

// Bits is a fingerprint of fixed length: which features there are, without
// counts. Features may share a bit.
type Bits [Size / 64]uint64

// Bits folds a fingerprint to Size bits: bit i is set if a feature's ID is i
// modulo Size, as in RDKit.
func (s Sparse) Bits() Bits {
	var b Bits
	for _, f := range s {
		i := f.ID % Size
		b[i/64] |= 1 << (i % 64)
	}
	return b
}

// Ones counts the bits that are set.
func (b *Bits) Ones() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// shared counts the bits set in both.
func (b *Bits) shared(other *Bits) int {
	n := 0
	for i, word := range b {
		n += bits.OnesCount64(word & other[i])
	}
	return n
}

// Tanimoto returns the share of the bits set in either fingerprint that both
// have, 0 to 1 (Rogers and Tanimoto, Science 1960, 132, 1115). Two empty
// fingerprints have the similarity 0.
func Tanimoto(a, b *Bits) float64 {
	shared := a.shared(b)
	return ratio(shared, a.Ones()+b.Ones()-shared)
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

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
// is to the larger one's (Swamidass and Baldi, J. Chem. Inf. Model. 2007, 47,
// 302): those that cannot be among the best are not compared.
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
