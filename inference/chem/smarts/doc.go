// Package smarts finds substructures written in SMARTS, the pattern language of
// Daylight Chemical Information Systems (Daylight Theory Manual, chapter 4),
// with RDKit's reading of it where the manual leaves room.
//
// What is understood:
//
//   - atoms: element symbols and their aromatic forms, "*", "a", "A", "#n",
//     mass numbers, charges, and the counts D (neighbours that are atoms of
//     their own), X (neighbours, hydrogens included), H (hydrogens), h
//     (hydrogens that are not atoms of their own), v (valence), R (rings of the
//     symmetric set), r (size of the smallest ring) and x (bonds in rings);
//   - bonds: "-" "=" "#" "$" ":" "~" "@", and "/" and "\" as plain single
//     bonds; a bond left out is single or aromatic;
//   - logic "!", "&", "," and ";" on both, and recursion "$(...)";
//   - branches, ring numbers to %99, and dots.
//
// Chirality, component grouping and the extensions of other toolkits are
// refused, not ignored. Map numbers are read and mean nothing.
//
// # How it works
//
// [Compile] reads a pattern into a graph of questions: parse.go the graph,
// bond.go what is asked of bonds, atom.go and primitive.go what is asked of
// atoms. plan.go turns the graph into a list of steps, each of which places one
// atom beside those placed before, rare atoms first. A [Target] (target.go) is
// a molecule prepared for being searched; match.go runs the steps over it and
// steps back where none fits.
package smarts
