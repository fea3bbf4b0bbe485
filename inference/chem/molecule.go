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
	// Aromatic tells that the atom is in an aromatic ring.
	Aromatic bool
	// Chirality is the handedness of a tetrahedral centre.
	Chirality Chirality
}

// Chirality is the sense in which the neighbours of a tetrahedral centre turn,
// looking from the first of them along the others. The neighbours stand in the
// order of Molecule.Neighbors, after the implicit hydrogen or the lone pair if
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
	// Aromatic tells that the bond's electrons belong to an aromatic ring.
	Aromatic bool
	// InRing tells that the bond is part of a cycle.
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

// Neighbors returns the atoms bonded to an atom, in the order that its
// Chirality refers to.
func (m *Molecule) Neighbors(atom int) []int {
	neighbors := make([]int, len(m.adjacent[atom]))
	for i, b := range m.adjacent[atom] {
		neighbors[i] = m.bonds[b].Other(atom)
	}
	return neighbors
}

// BondsOf returns the indices of an atom's bonds, in the order of Neighbors.
func (m *Molecule) BondsOf(atom int) []int { return slices.Clone(m.adjacent[atom]) }

// Components returns the number of disconnected parts.
func (m *Molecule) Components() int { return m.components }

// SMILES returns the canonical SMILES: one text for one molecule, however it
// was written and in whatever order its atoms came. Isotopes, charges, atom
// maps and meaningful stereo marks are kept.
func (m *Molecule) SMILES() string { return m.canonical }

// CanonicalOrder lists the atoms in the order in which SMILES writes them, which
// is that of the molecule parsed from it: the i-th atom there is the atom
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
