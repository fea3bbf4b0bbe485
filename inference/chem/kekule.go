package chem

import "slices"

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

// wantsDoubleBond reports whether an aromatic atom, its aromatic bonds counted
// as single, is short of the smallest valence it may show.
func (m *Molecule) wantsDoubleBond(atom int) bool {
	a := m.atoms[atom]
	v, ok := smallestValence(a.Element, int(a.Charge), m.Valence(atom))
	return ok && v > m.Valence(atom)
}

// KekuleSMILES returns a SMILES without aromatic atoms: the canonical one with
// its aromatic rings written as alternating double bonds. It too is one text
// for one molecule, and reads back as the same molecule.
func (m *Molecule) KekuleSMILES() string {
	if !slices.ContainsFunc(m.atoms, func(a Atom) bool { return a.Aromatic }) {
		return m.canonical
	}
	// Which of its Kekulé forms a molecule has depends on how it was written;
	// reading the canonical text settles it.
	plain, err := Parse(m.canonical)
	if err != nil {
		plain = m.clone()
	}
	rank := plain.canonicalRanks()
	for i := range plain.atoms {
		plain.atoms[i].Aromatic = false
	}
	for i := range plain.bonds {
		plain.bonds[i].Aromatic = false
	}
	text, _ := plain.writeRanked(rank)
	return text
}

// clone copies what later steps may change.
func (m *Molecule) clone() *Molecule {
	c := *m
	c.atoms, c.bonds = slices.Clone(m.atoms), slices.Clone(m.bonds)
	return &c
}
