package chem

import "slices"

// Molecule is a molecular graph of one or more disconnected components.
// The zero value is of no use; Parse makes one.
type Molecule struct {
	atoms []Atom
	bonds []Bond
	// adjacent lists the bonds of each atom. Its order is part of the meaning
	// of Atom.Chirality.
	adjacent   [][]int
	components int
	// rings are those of smallRings.
	rings     []ring
	canonical string
	// order lists the atoms as they stand in canonical.
	order []int
}

// Atom is one atom with the hydrogens that are not atoms of their own.
type Atom struct {
	Element Element
	// Isotope is the mass number, 0 for the natural mixture.
	Isotope uint16
	// Charge is the formal charge in elementary charges.
	Charge int8
	// Hydrogens counts the hydrogens attached and not listed as atoms.
	Hydrogens uint8
	// Class is the atom map number, 0 for none.
	Class uint16
	// Aromatic reports whether the atom is in an aromatic ring.
	Aromatic bool
	// Chirality is the handedness of a tetrahedral centre.
	Chirality Chirality
}

// Chirality is the sense in which the neighbours of a tetrahedral centre turn,
// looking from the first of them along the others. The neighbours stand in the
// order of Molecule.Neighbours, after the implicit hydrogen or the lone pair if
// there is one.
type Chirality uint8

// The values of Chirality.
const (
	Unspecified Chirality = iota
	Counterclockwise
	Clockwise
)

// flipped returns the mirror image.
func (c Chirality) flipped() Chirality {
	switch c {
	case Counterclockwise:
		return Clockwise
	case Clockwise:
		return Counterclockwise
	}
	return Unspecified
}

// Bond joins two atoms.
type Bond struct {
	// Begin and End are atom indices.
	Begin, End int
	// Order is 1 to 4: that of one Kekulé form where the bond is aromatic.
	Order uint8
	// Aromatic reports whether the bond's electrons belong to an aromatic ring.
	Aromatic bool
	// InRing reports whether the bond is part of a cycle.
	InRing bool
	// Geometry says how BeginRef and EndRef stand to each other.
	Geometry Geometry
	// BeginRef and EndRef are the neighbours of Begin and End that Geometry
	// speaks of; they mean nothing where it is NoGeometry.
	BeginRef, EndRef int
}

// Geometry is the arrangement of the substituents of a double bond.
type Geometry uint8

// The values of Geometry.
const (
	NoGeometry Geometry = iota
	Cis
	Trans
)

func (g Geometry) flipped() Geometry {
	switch g {
	case Cis:
		return Trans
	case Trans:
		return Cis
	}
	return NoGeometry
}

// Other returns the atom at the far end of the bond.
func (b Bond) Other(atom int) int {
	if b.Begin == atom {
		return b.End
	}
	return b.Begin
}

// Atoms returns a copy of the atoms. Explicit hydrogens that carry no
// information of their own have been folded into Atom.Hydrogens.
func (m *Molecule) Atoms() []Atom { return slices.Clone(m.atoms) }

// Bonds returns a copy of the bonds.
func (m *Molecule) Bonds() []Bond { return slices.Clone(m.bonds) }

// Neighbours returns the atoms bonded to an atom, in the order that its
// Chirality refers to.
func (m *Molecule) Neighbours(atom int) []int {
	neighbours := make([]int, len(m.adjacent[atom]))
	for i, b := range m.adjacent[atom] {
		neighbours[i] = m.bonds[b].Other(atom)
	}
	return neighbours
}

// The accessors from here on copy no lists, for code that reads molecules
// often. All indices are those of Atoms and Bonds; an index out of range
// panics.

// NumAtoms returns the number of atoms, hydrogens that are atoms of their own
// included.
func (m *Molecule) NumAtoms() int { return len(m.atoms) }

// NumBonds returns the number of bonds.
func (m *Molecule) NumBonds() int { return len(m.bonds) }

// Atom returns one atom.
func (m *Molecule) Atom(atom int) Atom { return m.atoms[atom] }

// Bond returns one bond.
func (m *Molecule) Bond(bond int) Bond { return m.bonds[bond] }

// Degree returns the number of an atom's neighbours that are atoms of their
// own.
func (m *Molecule) Degree(atom int) int { return len(m.adjacent[atom]) }

// BondAt returns the index of an atom's k-th bond, k from 0 to Degree-1, in the
// order of Neighbours.
func (m *Molecule) BondAt(atom, k int) int { return m.adjacent[atom][k] }

// NeighbourAt returns the atom at the far end of an atom's k-th bond.
func (m *Molecule) NeighbourAt(atom, k int) int {
	return m.bonds[m.adjacent[atom][k]].Other(atom)
}

// HeavyDegree returns the number of an atom's neighbours other than hydrogen.
func (m *Molecule) HeavyDegree(atom int) int {
	return len(m.adjacent[atom]) + int(m.atoms[atom].Hydrogens) - m.HydrogensOn(atom)
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

// InRing reports whether an atom is part of a cycle.
func (m *Molecule) InRing(atom int) bool {
	return slices.ContainsFunc(m.adjacent[atom], func(b int) bool { return m.bonds[b].InRing })
}

// InThreeMemberedRing reports whether an atom is in a ring of three.
func (m *Molecule) InThreeMemberedRing(atom int) bool {
	for i, a := range m.adjacent[atom] {
		for _, b := range m.adjacent[atom][:i] {
			if m.BondBetween(m.bonds[a].Other(atom), m.bonds[b].Other(atom)) >= 0 {
				return true
			}
		}
	}
	return false
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

// HeavyAtoms returns the number of atoms other than hydrogen; wildcards do not
// count.
func (m *Molecule) HeavyAtoms() int {
	n := 0
	for _, a := range m.atoms {
		if a.Element > Hydrogen {
			n++
		}
	}
	return n
}

// BondsAround returns the indices of the bonds of a ring, given by its atoms in
// order around it, each the bond from an atom to the next.
func (m *Molecule) BondsAround(ring []int) []int {
	bonds := make([]int, len(ring))
	for i, atom := range ring {
		bonds[i] = m.BondBetween(atom, ring[(i+1)%len(ring)])
	}
	return bonds
}

// Components returns the number of disconnected parts.
func (m *Molecule) Components() int { return m.components }

// SMILES returns the canonical SMILES: one text for one molecule, however it
// was written and in whatever order its atoms came. Isotopes, charges, atom
// maps and meaningful stereo marks are kept.
func (m *Molecule) SMILES() string { return m.canonical }

// CanonicalOrder lists the atoms in the order in which SMILES writes them,
// which is that of the molecule parsed from it: the i-th atom there is the atom
// CanonicalOrder()[i] here.
func (m *Molecule) CanonicalOrder() []int { return slices.Clone(m.order) }

// String returns the canonical SMILES.
func (m *Molecule) String() string { return m.canonical }

// orderSum adds up the orders of an atom's bonds.
func (m *Molecule) orderSum(atom int) int {
	sum := 0
	for _, b := range m.adjacent[atom] {
		sum += int(m.bonds[b].Order)
	}
	return sum
}

// componentOf numbers the component that each atom belongs to.
func (m *Molecule) componentOf() (of []int, count int) {
	of = make([]int, len(m.atoms))
	for i := range of {
		of[i] = -1
	}
	for start := range m.atoms {
		if of[start] >= 0 {
			continue
		}
		of[start] = count
		for stack := []int{start}; len(stack) > 0; {
			a := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for _, b := range m.adjacent[a] {
				if n := m.bonds[b].Other(a); of[n] < 0 {
					of[n] = count
					stack = append(stack, n)
				}
			}
		}
		count++
	}
	return of, count
}

// ComponentAtoms lists the atoms of each component in rising order, the
// components in the order of their first atoms.
func (m *Molecule) ComponentAtoms() [][]int {
	of, count := m.componentOf()
	lists := make([][]int, count)
	for atom, component := range of {
		lists[component] = append(lists[component], atom)
	}
	return lists
}
