package fingerprint

import "math/bits"

// Size is the length of a Bits fingerprint in bits.
const Size = 2048

// Bits is a fingerprint of fixed length: which features there are, without counts.
// Features may share a bit.
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
// have, 0 to 1 (Rogers and Tanimoto, Science 1960, 132, 1115). Two empty fingerprints have the
// similarity 0.
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
