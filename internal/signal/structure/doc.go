// Package structure recognises a molecule in any of its spellings, without
// chemistry that checks or draws it: [Read] gives a molecule's SMILES a key
// that does not depend on how it is written, [Formula] puts a formula in order.
//
// A key is a hash of which atoms there are, how many hydrogens each has, and
// which are bound to which. Hydrogens make up for bond orders, so that an
// aromatic ring and its Kekulé form are the same, as are the ways to draw a
// nitro group. Stereo marks, isotopes and charges do not count: an acid and its
// anion are the same. Two molecules may share a key, but hardly any two do;
// one molecule has one key.
package structure
