package chem

import "fmt"

// Parse reads one SMILES (OpenSMILES 1.0: organic subset, brackets, branches,
// rings, dots, aromatic atoms, isotopes, charges, atom maps, tetrahedral and
// double-bond stereo) and checks its chemistry. The error is a *SyntaxError or
// a *ValenceError; text beyond the package's limits is a *SyntaxError.
//
// Parse normalises as it reads: explicit hydrogens are folded into their atoms,
// five-valent nitro groups, N-oxides and azides become charge-separated,
// aromaticity is perceived anew, and stereo marks that distinguish nothing go.
func Parse(smiles string) (*Molecule, error) {
	d, err := scan(smiles)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*draft) error{
		(*draft).findRings,
		(*draft).resolveBonds,
		(*draft).separateCharges,
		(*draft).fillHydrogens,
		(*draft).kekulise,
		(*draft).checkValences,
		(*draft).readChirality,
		(*draft).readGeometry,
	} {
		if err := step(d); err != nil {
			return nil, err
		}
	}
	d.mol.foldHydrogens()
	d.mol.finish()
	return d.mol, nil
}

// finish works out what follows from the Kekulé form.
func (m *Molecule) finish() {
	m.rings = m.smallRings()
	m.perceiveAromaticity()
	m.dropVainStereo()
	for m.foldHydrogens() { // those that told of a geometry that is gone
		m.rings = m.smallRings()
		m.dropVainStereo()
	}
	m.canonical, m.order = m.writeRanked(m.canonicalRanks())
}

// draft is a molecule being read, with what is known about its text.
type draft struct {
	mol   *Molecule
	atoms []writtenAtom
	bonds []writtenBond
}

// writtenAtom is how an atom stood in the text.
type writtenAtom struct {
	pos     int
	bracket bool
	// first tells that nothing precedes the atom in its fragment.
	first bool
	// ringNumbers counts the ring numbers that stand after the atom.
	ringNumbers int
}

// writtenBond is how a bond stood in the text.
type writtenBond struct {
	pos int
	// symbol is the bond's character, 0 where it was left out.
	symbol byte
	// from is the atom that the symbol was written after.
	from int
}

func (d *draft) valenceError(atom int, format string, args ...any) error {
	return &ValenceError{
		Atom:    atom,
		Element: d.mol.atoms[atom].Element,
		Pos:     d.atoms[atom].pos,
		Msg:     fmt.Sprintf(format, args...),
	}
}

// findRings marks the bonds that lie on cycles and bounds how many there are.
func (d *draft) findRings() error {
	_, d.mol.components = d.mol.componentOf()
	if rings := d.mol.Rings(); rings > MaxRings {
		return syntaxErrorf(0, "%d rings, more than the %d allowed", rings, MaxRings)
	}
	d.mol.markRingBonds()
	return nil
}

// resolveBonds gives each bond its order. Bonds between aromatic atoms are
// marked aromatic and count as single until the Kekulé form is known.
func (d *draft) resolveBonds() error {
	m := d.mol
	for i := range m.bonds {
		b := &m.bonds[i]
		bothAromatic := m.atoms[b.Begin].Aromatic && m.atoms[b.End].Aromatic
		b.Order = 1
		switch symbol := d.bonds[i].symbol; symbol {
		case '=':
			b.Order = 2
		case '#':
			b.Order = 3
		case '$':
			b.Order = 4
		case '-':
		case ':':
			if !bothAromatic || !b.InRing {
				return syntaxErrorf(d.bonds[i].pos, "':' joins atoms that are not in one aromatic ring")
			}
			b.Aromatic = true
		default: // left out, or a direction alone
			b.Aromatic = bothAromatic && b.InRing
		}
	}
	for i, a := range m.atoms {
		if a.Aromatic && !m.InRing(i) {
			return syntaxErrorf(d.atoms[i].pos, "aromatic atom outside a ring")
		}
	}
	return nil
}
