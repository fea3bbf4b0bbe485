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

func (s *bondSets) append(set []uint64) { s.words = append(s.words, set...) }

func (s *bondSets) contains(set []uint64) bool {
	for start := 0; start < len(s.words); start += s.width {
		if slices.Equal(s.words[start:start+s.width], set) {
			return true
		}
	}
	return false
}
