package chem

import "fmt"

// Limits on what Parse accepts. They bound the time and memory that hostile
// input can cost; a molecule of a few hundred atoms is far below each.
const (
	// MaxLength is the longest SMILES accepted, in bytes.
	MaxLength = 16 << 10
	// MaxAtoms is the largest number of atoms written in one SMILES.
	MaxAtoms = 1000
	// MaxRings is the largest number of independent rings. SMILES has 100 ring
	// numbers, so the writer can always name this many at once.
	MaxRings = 99
	// MaxBranchDepth is how deep branches may be nested.
	MaxBranchDepth = 256
)

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
	d.mol.perceive()
	return d.mol, nil
}

// perceive works out what follows from the Kekulé form.
func (m *Molecule) perceive() {
	m.rings = m.smallRings()
	m.perceiveAromaticity()
	m.dropRedundantStereo()
	for m.foldHydrogens() { // those that told of a geometry that is gone
		m.rings = m.smallRings()
		m.dropRedundantStereo()
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
	// first reports whether nothing precedes the atom in its fragment.
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

// SyntaxError says where a text stops being a SMILES.
type SyntaxError struct {
	// Pos is the 0-based byte offset of the fault.
	Pos int
	// Msg says what is wrong there.
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("SMILES at byte %d: %s", e.Pos, e.Msg)
}

func syntaxErrorf(pos int, format string, args ...any) error {
	return &SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// ValenceError says that an atom has more bonds than it can have, or that no
// arrangement of double bonds suits the aromatic atoms around it.
type ValenceError struct {
	// Atom is the 0-based index of the atom in the order of writing.
	Atom int
	// Element is the kind of that atom.
	Element Element
	// Pos is the 0-based byte offset at which the atom is written.
	Pos int
	// Msg says what is wrong with it.
	Msg string
}

func (e *ValenceError) Error() string {
	return fmt.Sprintf("SMILES at byte %d: atom %d (%s): %s", e.Pos, e.Atom, e.Element, e.Msg)
}

func (d *draft) valenceError(atom int, format string, args ...any) error {
	return &ValenceError{
		Atom:    atom,
		Element: d.mol.atoms[atom].Element,
		Pos:     d.atoms[atom].pos,
		Msg:     fmt.Sprintf(format, args...),
	}
}
