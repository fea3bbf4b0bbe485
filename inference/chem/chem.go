// Package chem reads, checks, compares and writes small molecules. Its text
// form is SMILES as the OpenSMILES specification defines it; its chemistry
// (normal valences, Kekulé forms, aromaticity) follows RDKit's model closely
// enough that both agree on ordinary organic molecules.
//
// A [Molecule] is immutable once parsed and safe for concurrent use. Everything
// it reports is computed from its structure.
package chem

// Limits on what Parse accepts. They bound the time and memory that hostile
// input can cost; a molecule of a few hundred atoms is far below each.
const (
	// MaxLength is the longest SMILES accepted, in bytes.
	MaxLength = 16 << 10
	// MaxAtoms is the largest number of atoms written in one SMILES.
	MaxAtoms = 1000
	// MaxRings is the largest number of independent rings. SMILES has 100 ring
	// numbers, so the writer can always name this many at once.
	MaxRings = 99
	// MaxBranchDepth is how deep branches may be nested.
	MaxBranchDepth = 256
)
