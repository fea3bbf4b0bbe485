package chem

// readChirality turns the written marks into the package's convention, in which
// the implicit hydrogen or lone pair stands first, and drops marks on atoms
// that cannot be tetrahedral centres.
func (d *draft) readChirality() error {
	m := d.mol
	for i := range m.atoms {
		a := &m.atoms[i]
		if a.Chirality == Unspecified {
			continue
		}
		if !m.isTetrahedral(i) {
			a.Chirality = Unspecified
			continue
		}
		if m.implicitIsOdd(i, !d.atoms[i].first, d.atoms[i].ringNumbers) {
			a.Chirality = a.Chirality.flipped()
		}
	}
	return nil
}

// implicitIsOdd reports whether, in text, the implicit neighbour of a centre
// with three written ones stands an odd number of steps behind the front. A
// hydrogen comes after the preceding atom, or first where there is none.
// OpenSMILES is silent on lone pairs, and RDKit is followed: one comes after
// the first written neighbour in either case, but two steps behind the front
// where the atom has one ring number and single bonds alone.
func (m *Molecule) implicitIsOdd(atom int, preceded bool, ringNumbers int) bool {
	switch {
	case len(m.adjacent[atom]) != 3:
		return false
	case m.atoms[atom].Hydrogens > 0:
		return preceded
	}
	return ringNumbers != 1 || m.orderSum(atom) > 3
}

// isTetrahedral reports whether an atom can hold four different things apart:
// four neighbours, or three with one hydrogen, or three with a lone pair that
// stays in place (sulfur, selenium and phosphorus, but nitrogen only where
// rings keep it from turning inside out).
func (m *Molecule) isTetrahedral(atom int) bool {
	a := m.atoms[atom]
	switch len(m.adjacent[atom]) + int(a.Hydrogens) {
	case 4:
		return a.Hydrogens <= 1
	case 3:
		return a.Hydrogens == 0 && m.keepsLonePair(atom)
	}
	return false
}

func (m *Molecule) keepsLonePair(atom int) bool {
	switch m.atoms[atom].Element {
	case Sulfur, Selenium, Phosphorus, Arsenic, Tellurium:
		return true
	case Nitrogen:
		return m.orderSum(atom) == 3 && (m.isBridgehead(atom) || m.InThreeMemberedRing(atom))
	}
	return false
}

func (m *Molecule) isBridgehead(atom int) bool {
	for _, b := range m.adjacent[atom] {
		if !m.bonds[b].InRing {
			return false
		}
	}
	return true
}

// smallestStereoRing is the size of the smallest ring in which a double bond
// can be either cis or trans.
const smallestStereoRing = 8

// readGeometry turns the directions written on single bonds into the geometry
// of the double bonds between them.
func (d *draft) readGeometry() error {
	m := d.mol
	for i := range m.bonds {
		b := &m.bonds[i]
		if b.Order != 2 || d.bonds[i].symbol != '=' {
			continue
		}
		begin, end := d.direction(b.Begin, b.End), d.direction(b.End, b.Begin)
		if begin.ref < 0 || end.ref < 0 || b.InRing && m.ringSize(i) < smallestStereoRing {
			continue
		}
		if begin.contradicted || end.contradicted {
			return syntaxErrorf(d.bonds[i].pos, "directions put both substituents of an atom on one side of the double bond")
		}
		b.BeginRef, b.EndRef, b.Geometry = begin.ref, end.ref, Trans
		if begin.up == end.up {
			b.Geometry = Cis
		}
	}
	return nil
}

// side is what the text says about one end of a double bond.
type side struct {
	// ref is a substituent with a direction, -1 if there is none.
	ref int
	// up reports whether ref stands above this end.
	up bool
	// contradicted reports whether the other substituent is put on the same
	// side.
	contradicted bool
}

func (d *draft) direction(atom, partner int) side {
	s := side{ref: -1}
	for _, i := range d.mol.adjacent[atom] {
		written := d.bonds[i]
		other := d.mol.bonds[i].Other(atom)
		if other == partner || written.symbol != '/' && written.symbol != '\\' {
			continue
		}
		above := (written.symbol == '/') == (written.from == atom)
		s.contradicted = s.ref >= 0 && above == s.up
		s.ref, s.up = other, above
	}
	return s
}
