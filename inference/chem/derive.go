package chem

import "slices"

// The functions here make a molecule out of another. The new one is put
// together from atoms and bonds in a Kekulé form, and rebuild does the rest.

// Methylated returns the molecule with a methyl group in place of one hydrogen
// of an atom, which must have one that is not an atom of its own. Labels and
// stereo marks go.
func (m *Molecule) Methylated(atom int) *Molecule {
	p := m.unlabelled()
	p.atoms[atom].Hydrogens--
	p.atoms = append(p.atoms, Atom{Element: Carbon, Hydrogens: 3})
	p.adjacent = append(p.adjacent, nil)
	p.connect(atom, len(p.atoms)-1, 1)
	p.rebuild()
	return p
}

// WithoutStereo returns the molecule without the marks of its stereocentres and
// double bonds, the molecule itself where it has none.
func (m *Molecule) WithoutStereo() *Molecule {
	if !slices.ContainsFunc(m.ComponentAtoms(), m.hasStereo) {
		return m
	}
	return m.extract(slices.Repeat([]bool{true}, len(m.atoms)))
}

// unlabelled copies the Kekulé form without labels and stereo marks.
func (m *Molecule) unlabelled() *Molecule {
	p := &Molecule{atoms: make([]Atom, len(m.atoms)), adjacent: make([][]int, len(m.atoms))}
	for i, a := range m.atoms {
		p.atoms[i] = Atom{Element: a.Element, Charge: a.Charge, Hydrogens: a.Hydrogens}
	}
	for _, b := range m.bonds {
		p.connect(b.Begin, b.End, b.Order)
	}
	return p
}

// extract returns the molecule of some atoms and the bonds between them,
// without stereo marks; where bonds are cut, hydrogens fill up the smallest
// valence.
func (m *Molecule) extract(keep []bool) *Molecule {
	part := &Molecule{}
	index := make([]int, len(m.atoms))
	for i, a := range m.atoms {
		if !keep[i] {
			continue
		}
		index[i] = len(part.atoms)
		a.Aromatic, a.Chirality = false, Unspecified
		part.atoms = append(part.atoms, a)
		part.adjacent = append(part.adjacent, nil)
	}
	cut := make([]bool, len(m.atoms)) // atoms that lost a bond
	for _, b := range m.bonds {
		switch {
		case keep[b.Begin] && keep[b.End]:
			part.connect(index[b.Begin], index[b.End], b.Order)
		case keep[b.Begin]:
			cut[b.Begin] = true
		case keep[b.End]:
			cut[b.End] = true
		}
	}
	for i := range m.atoms {
		if keep[i] && cut[i] {
			part.fill(index[i], m.RadicalElectrons(i))
		}
	}
	part.rebuild()
	return part
}

// fill gives an atom the hydrogens that its smallest valence wants beside its
// bonds and unpaired electrons.
func (m *Molecule) fill(atom, radicals int) {
	a, used := &m.atoms[atom], m.orderSum(atom)+radicals
	a.Hydrogens = 0
	if v, ok := smallestValence(a.Element, int(a.Charge), used); ok {
		a.Hydrogens = uint8(v - used)
	}
}

// connect adds a bond.
func (m *Molecule) connect(begin, end int, order uint8) {
	bond := len(m.bonds)
	m.bonds = append(m.bonds, Bond{Begin: begin, End: end, Order: order})
	m.adjacent[begin] = append(m.adjacent[begin], bond)
	m.adjacent[end] = append(m.adjacent[end], bond)
}

// rebuild works out all that follows from the atoms and bonds of a molecule put
// together by hand.
func (m *Molecule) rebuild() {
	_, m.components = m.componentOf()
	m.markRingBonds()
	m.perceive()
}
