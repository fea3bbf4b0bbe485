package chem

import "slices"

// The accessors here copy no lists, for code that walks molecules often. All
// indices are those of Atoms and Bonds; an index out of range panics.

// NumAtoms returns the number of atoms, hydrogens that are atoms of their own
// included.
func (m *Molecule) NumAtoms() int { return len(m.atoms) }

// NumBonds returns the number of bonds.
func (m *Molecule) NumBonds() int { return len(m.bonds) }

// Atom returns one atom.
func (m *Molecule) Atom(atom int) Atom { return m.atoms[atom] }

// Bond returns one bond.
func (m *Molecule) Bond(bond int) Bond { return m.bonds[bond] }

// Degree returns the number of an atom's neighbours that are atoms of their own.
func (m *Molecule) Degree(atom int) int { return len(m.adjacent[atom]) }

// BondAt returns the index of an atom's k-th bond, k from 0 to Degree-1, in the
// order of BondsOf.
func (m *Molecule) BondAt(atom, k int) int { return m.adjacent[atom][k] }

// NeighborAt returns the atom at the far end of an atom's k-th bond.
func (m *Molecule) NeighborAt(atom, k int) int {
	return m.bonds[m.adjacent[atom][k]].Other(atom)
}

// HydrogensOn counts the hydrogens of an atom, those kept as atoms included.
func (m *Molecule) HydrogensOn(atom int) int {
	n := int(m.atoms[atom].Hydrogens)
	for _, b := range m.adjacent[atom] {
		if m.atoms[m.bonds[b].Other(atom)].Element == Hydrogen {
			n++
		}
	}
	return n
}

// Valence adds up the orders of an atom's bonds in the Kekulé form and its
// folded hydrogens.
func (m *Molecule) Valence(atom int) int {
	return m.orderSum(atom) + int(m.atoms[atom].Hydrogens)
}

// InRing tells whether an atom is part of a cycle.
func (m *Molecule) InRing(atom int) bool {
	return slices.ContainsFunc(m.adjacent[atom], func(b int) bool { return m.bonds[b].InRing })
}

// BondBetween returns the index of the bond between two atoms, or -1.
func (m *Molecule) BondBetween(a, b int) int {
	for _, i := range m.adjacent[a] {
		if m.bonds[i].Other(a) == b {
			return i
		}
	}
	return -1
}
