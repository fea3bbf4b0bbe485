package fingerprint

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
