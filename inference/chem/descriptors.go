package chem

// HeavyAtoms returns the number of atoms other than hydrogen; wildcards do not count.
func (m *Molecule) HeavyAtoms() int {
	n := 0
	for _, a := range m.atoms {
		if a.Element > Hydrogen {
			n++
		}
	}
	return n
}

// Rings returns the number of independent rings: bonds − atoms + components
// (the cyclomatic number, and the size of any smallest set of smallest rings).
func (m *Molecule) Rings() int {
	return len(m.bonds) - len(m.atoms) + m.components
}
