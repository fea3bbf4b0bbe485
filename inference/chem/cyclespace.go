package chem

import (
	"maps"
	"math/bits"
	"slices"
)

// bitset is a set of small integers, and a vector over GF(2).
type bitset []uint64

func newBitset(size int) bitset { return make(bitset, (size+63)/64) }

func (s bitset) set(i int) { s[i/64] |= 1 << (i % 64) }

func (s bitset) xor(t bitset) {
	for i, word := range t {
		s[i] ^= word
	}
}

// first returns the smallest member, -1 of the empty set.
func (s bitset) first() int {
	for i, word := range s {
		if word != 0 {
			return i*64 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

// key returns the set as a map key.
func (s bitset) key() string {
	key := make([]byte, 0, 8*len(s))
	for _, word := range s {
		for shift := 0; shift < 64; shift += 8 {
			key = append(key, byte(word>>shift))
		}
	}
	return string(key)
}

// cycleSpace is a growing basis of cycles, each a set of bonds, added modulo 2.
type cycleSpace struct {
	size int
	// rows maps the first bond of each basis vector to the vector.
	rows map[int]bitset
}

func newCycleSpace(bonds int) *cycleSpace {
	return &cycleSpace{size: bonds, rows: map[int]bitset{}}
}

func (c *cycleSpace) clone() *cycleSpace {
	return &cycleSpace{size: c.size, rows: maps.Clone(c.rows)}
}

func (c *cycleSpace) vector(bonds []int) bitset {
	v := newBitset(c.size)
	for _, b := range bonds {
		v.set(b)
	}
	return v
}

// reduce returns what is left of a vector once the basis is taken out.
func (c *cycleSpace) reduce(v bitset) bitset {
	rest := slices.Clone(v)
	for first := rest.first(); first >= 0; first = rest.first() {
		row, ok := c.rows[first]
		if !ok {
			break
		}
		rest.xor(row)
	}
	return rest
}

func (c *cycleSpace) independent(v bitset) bool { return c.reduce(v).first() >= 0 }

// add adds a vector to the basis unless it is a sum of those in it.
func (c *cycleSpace) add(v bitset) (added bool) {
	rest := c.reduce(v)
	first := rest.first()
	if first < 0 {
		return false
	}
	c.rows[first] = rest
	return true
}
