package chem

// Methylated returns the molecule with a methyl group in place of one hydrogen
// of an atom, which must have one that is not an atom of its own. Labels and
// stereo marks go.
func (m *Molecule) Methylated(atom int) *Molecule {
	p := m.bare()
	p.atoms[atom].Hydrogens--
	p.atoms = append(p.atoms, Atom{Element: Carbon, Hydrogens: 3})
	p.adjacent = append(p.adjacent, nil)
	p.connect(atom, len(p.atoms)-1, 1)
	p.components = m.components
	p.markRingBonds()
	p.finish()
	return p
}
