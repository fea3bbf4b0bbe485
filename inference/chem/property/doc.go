// Package property estimates properties of a molecule from its structure: how
// it divides between oil and water, how polar it is, how many hydrogen bonds it
// makes, how flexible it is, how hard it is to make, and when it boils. Every
// function names the publication that it follows. Functions that RDKit also has
// agree with it; docs/inference/properties.md says how well, and how far the
// estimates are from measurement.
//
// For a molecule of ordinary size, each property takes about ten microseconds.
// The first call of SyntheticAccessibility or Of decodes a table, which takes
// about ten milliseconds and five megabytes.
//
// [Of] gives all properties at once; there is a function for each, too.
//
//   - crippen.go: partition coefficient and molar refractivity, from atom types
//     (typing.go, crippen.tsv).
//   - tpsa.go: polar surface area. hbond.go: donors, acceptors, rotatable
//     bonds.
//   - synthetic.go: synthetic accessibility, from the scores of fragments
//     (fragments.go), stereocentres.go and ringsystem.go.
//   - boiling.go: boiling point, from groups (boiling.tsv); vapour.go: vapour
//     pressure, from the boiling point.
package property
