// Package chem reads, checks, compares and writes small molecules. Its text
// form is SMILES as the OpenSMILES 1.0 specification defines it; its chemistry
// (normal valences, Kekulé forms, aromaticity) follows RDKit's model closely
// enough that both agree on ordinary organic molecules.
//
// [Parse] makes a [Molecule], which never changes afterwards and is safe for
// concurrent use. Everything it reports is computed from its structure. Atoms
// and bonds are named by their indices: atoms in the order of the text, without
// the hydrogens that [Parse] folds into their neighbours.
//
// # From text to molecule
//
//   - scan.go, scanatom.go and scanring.go read the text into a draft: atoms,
//     bonds, branches, ring numbers. A [*SyntaxError] names the byte at fault.
//   - parse.go runs the steps that turn the draft into a molecule. normalise.go
//     separates charges; valence.go adds implicit hydrogens and checks
//     valences; kekule.go finds double bonds for aromatic atoms, with the
//     perfect matching of matching.go; stereo.go reads the stereo marks;
//     hydrogen.go folds explicit hydrogens.
//   - rings.go finds the smallest rings, over the vector space of
//     cyclespace.go, and aromatic.go the aromatic ones among them.
//     redundantstereo.go drops stereo marks that distinguish nothing.
//
// # From molecule to text
//
//   - canon.go and canonsearch.go rank the atoms in a way that does not depend
//     on their order.
//   - writetree.go chooses the spanning tree along which a component is
//     written; writedirection.go places '/' and '\'; write.go and writeatom.go
//     write the text: [Molecule.SMILES] once for all, [Molecule.RandomSMILES]
//     in any order.
//
// # What else a molecule says
//
//   - molecule.go holds its parts, formula.go and mass.go its formula and
//     masses.
//   - derive.go makes other molecules from one; scaffold.go the Bemis-Murcko
//     framework; parent.go what a salt or an odd drawing stands for.
//
// The packages below draw molecules (depict), compare them (fingerprint), find
// patterns in them (smarts), estimate properties (property), and say which
// SMILES token may come next (grammar). Package referee compares all of them
// with RDKit.
package chem
