package chem

import "slices"

// separateCharges rewrites the neutral, over-valent spellings of common groups
// as the charge-separated form that obeys the octet rule: nitro N(=O)=O and
// N-oxides, azides and diazo compounds N#N, and the oxides of the halogens.
func (d *draft) separateCharges() error {
	m := d.mol
	for i, a := range m.atoms {
		switch {
		case a.Charge != 0:
		case a.Element == Nitrogen:
			d.separateNitrogen(i)
		case a.Element == Chlorine || a.Element == Bromine || a.Element == Iodine:
			d.separateHalogen(i)
		}
	}
	return nil
}

// separateNitrogen gives a nitrogen of valence five (four with aromatic bonds
// counted once) a positive charge at the cost of one double or triple bond.
func (d *draft) separateNitrogen(atom int) {
	m := d.mol
	excess := 5
	if m.atoms[atom].Aromatic {
		excess = 4
	}
	if m.Valence(atom) != excess {
		return
	}
	for _, b := range m.adjacent[atom] {
		end := m.bonds[b].Other(atom)
		oxide := m.bonds[b].Order == 2 && m.isNeutralTerminal(end, Oxygen)
		azide := m.bonds[b].Order == 3 && m.isNeutralTerminal(end, Nitrogen)
		if oxide || azide {
			d.polarise(atom, end, b)
			return
		}
	}
}

// separateHalogen does the same for each double bond of a halogen of valence
// three, five or seven whose neighbours are all oxygen. Iodine bound to carbon
// keeps its double bonds.
func (d *draft) separateHalogen(atom int) {
	m := d.mol
	if valence := m.Valence(atom); valence < 3 || valence%2 == 0 {
		return
	}
	if slices.ContainsFunc(m.Neighbours(atom), func(n int) bool { return m.atoms[n].Element != Oxygen }) {
		return
	}
	for _, b := range m.adjacent[atom] {
		end := m.bonds[b].Other(atom)
		if m.bonds[b].Order == 2 && m.isNeutralTerminal(end, Oxygen) {
			d.polarise(atom, end, b)
		}
	}
}

// polarise moves one electron pair. The charged atoms count as bracket atoms
// from here on: they take on no hydrogens.
func (d *draft) polarise(plus, minus, bond int) {
	d.mol.bonds[bond].Order--
	d.mol.atoms[plus].Charge++
	d.mol.atoms[minus].Charge--
	d.atoms[plus].bracket, d.atoms[minus].bracket = true, true
}

// isNeutralTerminal reports whether an atom is a neutral, terminal atom of an
// element with no hydrogen.
func (m *Molecule) isNeutralTerminal(atom int, e Element) bool {
	a := m.atoms[atom]
	return a.Element == e && a.Charge == 0 && a.Hydrogens == 0 && len(m.adjacent[atom]) == 1
}
