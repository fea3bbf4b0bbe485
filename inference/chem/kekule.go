package chem

// kekulise finds one arrangement of double bonds for the atoms written as
// aromatic and takes the aromatic marks away; aromaticity is perceived anew
// from the result. Each atom with a valence to spare must get one double bond:
// a perfect matching of those atoms along their aromatic bonds.
func (d *draft) kekulise() error {
	m := d.mol
	wants := make([]bool, len(m.atoms))
	found := false
	for i, a := range m.atoms {
		if !a.Aromatic {
			continue
		}
		if m.aromaticBonds(i) > maxAromaticBonds {
			return d.valenceError(i, "more than %d aromatic bonds", maxAromaticBonds)
		}
		wants[i] = m.wantsDoubleBond(i)
		found = true
	}
	if !found {
		return nil
	}
	graph := make([][]int, len(m.atoms))
	for _, b := range m.bonds {
		if b.Aromatic && wants[b.Begin] && wants[b.End] {
			graph[b.Begin] = append(graph[b.Begin], b.End)
			graph[b.End] = append(graph[b.End], b.Begin)
		}
	}
	mate := maximumMatching(graph)
	for i := range m.atoms {
		if wants[i] && mate[i] < 0 {
			return d.valenceError(i, "no Kekulé form: the aromatic system has no double bond left for this atom (is an [nH] or a charge missing?)")
		}
	}
	for i := range m.bonds {
		b := &m.bonds[i]
		if b.Aromatic && mate[b.Begin] == b.End {
			b.Order = 2
		}
		b.Aromatic = false
	}
	for i := range m.atoms {
		m.atoms[i].Aromatic = false
	}
	return nil
}

// maxAromaticBonds is the most that one atom can have: where three rings meet.
const maxAromaticBonds = 3

func (m *Molecule) aromaticBonds(atom int) int {
	n := 0
	for _, b := range m.adjacent[atom] {
		if m.bonds[b].Aromatic {
			n++
		}
	}
	return n
}

// wantsDoubleBond tells whether an aromatic atom, its aromatic bonds counted as
// single, is short of the smallest valence it may show.
func (m *Molecule) wantsDoubleBond(atom int) bool {
	a := m.atoms[atom]
	single := m.orderSum(atom) + int(a.Hydrogens)
	for _, v := range allowedValences(a.Element, int(a.Charge)) {
		if v >= single {
			return v > single
		}
	}
	return false
}
