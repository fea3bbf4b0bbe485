package chem

// MassShift returns by how many Da the isotope that an atom is labelled with
// outweighs its element's natural mixture, 0 for an atom without a label.
func (m *Molecule) MassShift(atom int) float64 {
	a := m.atoms[atom]
	if a.Isotope == 0 || a.Element == Wildcard {
		return 0
	}
	return isotopeMass(a.Element, a.Isotope) - elements[a.Element].weight
}
