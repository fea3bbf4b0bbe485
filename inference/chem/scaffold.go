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
			if n := m.NeighbourAt(end, k); in[n] {
				degree[n]--
				if degree[n] == 1 {
					ends = append(ends, n)
				}
			}
		}
	}
	return in
}
