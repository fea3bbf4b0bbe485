package fingerprint

import "slices"

// bondSets is a list of sets of bonds, each a row of bits.
type bondSets struct {
	width int // words in a row
	words []uint64
}

func newBondSets(rows, bonds int) bondSets {
	width := (bonds + 63) / 64
	width = max(width, 1)
	return bondSets{width, make([]uint64, rows*width)}
}

func (s *bondSets) of(row int) []uint64 { return s.words[row*s.width : (row+1)*s.width] }

func (s *bondSets) add(row, bond int) { s.words[row*s.width+bond/64] |= 1 << (bond % 64) }

func (s *bondSets) merge(row int, other []uint64) {
	for i, word := range other {
		s.words[row*s.width+i] |= word
	}
}

// areaSet is a set of sets of bonds. The sums of their words tell most of them
// apart at a glance.
type areaSet struct {
	sums []uint64
	sets bondSets
}

// add tells whether a set of bonds was not there before, and adds it.
func (s *areaSet) add(set []uint64) bool {
	sum := sumOf(set)
	for row, other := range s.sums {
		if sum == other && slices.Equal(set, s.sets.of(row)) {
			return false
		}
	}
	s.sums = append(s.sums, sum)
	s.sets.words = append(s.sets.words, set...)
	return true
}

// sumOf mixes the words by the multiplier of Knuth's generator MMIX.
func sumOf(set []uint64) uint64 {
	var sum uint64
	for _, word := range set {
		sum = (sum + word) * 6364136223846793005
	}
	return sum
}
