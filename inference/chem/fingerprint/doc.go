// Package fingerprint describes molecules by the fragments in them, and
// compares molecules by what they share.
//
// [Morgan] finds circular fragments with RDKit's identifiers, so that its
// fingerprints can be compared with those made elsewhere. [AtomPairs] and
// [Torsions] number their fragments in this package's own way.
//
// A fingerprint is [Sparse], the features of a molecule with their counts, and
// may be folded to [Bits] of a fixed length. [Tanimoto] compares two of these,
// and a [Set] finds the nearest of many.
//
// morgan.go holds circular fragments, pairs.go atom pairs and torsions.
package fingerprint
