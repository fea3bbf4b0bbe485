package chem

import "slices"

// foldHydrogens turns hydrogens written as atoms into counts on their
// neighbours, unless they say something of their own: an isotope, a charge, a
// map number, no single heavy neighbour, or the geometry of a double bond. It
// reports whether there were any to fold.
func (m *Molecule) foldHydrogens() bool {
	gone := make([]bool, len(m.atoms))
	found := false
	for i := range m.atoms {
		if m.isPlainHydrogen(i) && !m.definesGeometry(i) {
			m.foldHydrogen(i)
			gone[i], found = true, true
		}
	}
	if found {
		m.removeAtoms(gone)
	}
	return found
}

// definesGeometry reports whether a hydrogen is all that the geometry of a
// double bond can refer to at one end, as in an imine of ammonia.
func (m *Molecule) definesGeometry(hydrogen int) bool {
	heavy := m.NeighbourAt(hydrogen, 0)
	if m.atoms[heavy].Hydrogens > 0 || len(m.adjacent[heavy]) != 2 {
		return false
	}
	return slices.ContainsFunc(m.adjacent[heavy], func(b int) bool { return m.bonds[b].Geometry != NoGeometry })
}

func (m *Molecule) isPlainHydrogen(atom int) bool {
	plain := Atom{Element: Hydrogen}
	if m.atoms[atom] != plain || len(m.adjacent[atom]) != 1 {
		return false
	}
	b := m.bonds[m.adjacent[atom][0]]
	return m.atoms[b.Other(atom)].Element > Hydrogen
}

func (m *Molecule) foldHydrogen(atom int) {
	bond := m.adjacent[atom][0]
	heavy := m.bonds[bond].Other(atom)
	place := slices.Index(m.adjacent[heavy], bond)
	a := &m.atoms[heavy]
	// The implicit hydrogen stands first: each step there is one swap.
	if place%2 == 1 {
		a.Chirality = a.Chirality.flipped()
	}
	if a.Hydrogens > 0 || len(m.adjacent[heavy]) < 4 {
		// Two hydrogens, or a hydrogen beside a lone pair: no stereocentre.
		a.Chirality = Unspecified
	}
	a.Hydrogens++
	m.adjacent[heavy] = slices.Delete(m.adjacent[heavy], place, place+1)
	m.moveGeometryRefs(heavy, atom)
}

// moveGeometryRefs lets the double bonds of an atom refer to another
// substituent than the one that is leaving.
func (m *Molecule) moveGeometryRefs(atom, leaving int) {
	for _, i := range m.adjacent[atom] {
		b := &m.bonds[i]
		if b.Geometry == NoGeometry {
			continue
		}
		ref := &b.BeginRef
		if b.End == atom {
			ref = &b.EndRef
		}
		if *ref != leaving {
			continue
		}
		b.Geometry = b.Geometry.flipped()
		*ref = m.otherSubstituent(atom, b.Other(atom), leaving)
		if *ref < 0 {
			b.Geometry = NoGeometry
		}
	}
}

// otherSubstituent returns a neighbour of an atom that is neither of two given,
// or -1.
func (m *Molecule) otherSubstituent(atom, partner, not int) int {
	for _, b := range m.adjacent[atom] {
		if n := m.bonds[b].Other(atom); n != partner && n != not {
			return n
		}
	}
	return -1
}

// removeAtoms drops atoms whose bonds are out of their neighbours' lists
// already.
func (m *Molecule) removeAtoms(gone []bool) {
	newAtom := make([]int, len(m.atoms))
	atoms, adjacent := m.atoms[:0], m.adjacent[:0]
	for i, a := range m.atoms {
		newAtom[i] = len(atoms)
		if !gone[i] {
			atoms, adjacent = append(atoms, a), append(adjacent, m.adjacent[i])
		}
	}
	newBond := make([]int, len(m.bonds))
	bonds := m.bonds[:0]
	for i, b := range m.bonds {
		newBond[i] = len(bonds)
		if gone[b.Begin] || gone[b.End] {
			continue
		}
		b.Begin, b.End = newAtom[b.Begin], newAtom[b.End]
		if b.Geometry != NoGeometry {
			b.BeginRef, b.EndRef = newAtom[b.BeginRef], newAtom[b.EndRef]
		}
		bonds = append(bonds, b)
	}
	m.atoms, m.adjacent, m.bonds = atoms, adjacent, bonds
	for _, list := range m.adjacent {
		for k, b := range list {
			list[k] = newBond[b]
		}
	}
}
