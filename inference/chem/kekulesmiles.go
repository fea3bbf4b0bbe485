package chem

import "slices"

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
