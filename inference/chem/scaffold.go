package chem

// Scaffold returns the molecular framework: the rings and the chains that link
// them (Bemis & Murcko, J. Med. Chem. 1996, 39, 2887), with the atoms bound to
// them by a double bond, as RDKit's MurckoScaffold has it. Hydrogen takes the
// place of what is cut off, as much as the smallest valence wants; stereo marks
// go. It returns nil for a molecule without rings.
func (m *Molecule) Scaffold() *Molecule {
	if m.Rings() == 0 {
		return nil
	}
	framework := m.framework()
	keep := make([]bool, len(m.atoms))
	copy(keep, framework)
	for _, b := range m.bonds {
		if b.Order == 2 && (framework[b.Begin] || framework[b.End]) {
			keep[b.Begin], keep[b.End] = true, true
		}
	}
	return m.extract(keep)
}

// framework marks the ring atoms and those on the chains between rings: what is
// left after taking away chain ends, again and again.
func (m *Molecule) framework() []bool {
	in, degree := make([]bool, len(m.atoms)), make([]int, len(m.atoms))
	var ends []int
	for i := range m.atoms {
		in[i], degree[i] = true, m.Degree(i)
		if degree[i] <= 1 {
			ends = append(ends, i)
		}
	}
	for len(ends) > 0 {
		end := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		in[end] = false
		for k := range m.Degree(end) {
			if n := m.NeighborAt(end, k); in[n] {
				degree[n]--
				if degree[n] == 1 {
					ends = append(ends, n)
				}
			}
		}
	}
	return in
}

// extract returns the molecule of some atoms and the bonds between them, without
// stereo marks; where bonds are cut, hydrogens fill up the smallest valence.
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
	_, part.components = part.componentOf()
	part.markRingBonds()
	part.finish()
	return part
}

// fill gives an atom the hydrogens that its smallest valence wants beside its
// bonds and unpaired electrons.
func (m *Molecule) fill(atom, radicals int) {
	a, taken := &m.atoms[atom], m.orderSum(atom)+radicals
	a.Hydrogens = 0
	for _, v := range allowedValences(a.Element, int(a.Charge)) {
		if v >= taken {
			a.Hydrogens = uint8(v - taken)
			return
		}
	}
}

// connect adds a bond.
func (m *Molecule) connect(begin, end int, order uint8) {
	bond := len(m.bonds)
	m.bonds = append(m.bonds, Bond{Begin: begin, End: end, Order: order})
	m.adjacent[begin] = append(m.adjacent[begin], bond)
	m.adjacent[end] = append(m.adjacent[end], bond)
}
