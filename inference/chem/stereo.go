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
		// In text the hydrogen or lone pair comes after the preceding atom.
		if len(m.adjacent[i]) == 3 && !d.atoms[i].first {
			a.Chirality = a.Chirality.flipped()
		}
	}
	return nil
}

// isTetrahedral tells whether an atom can hold four different things apart:
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
		return m.orderSum(atom) == 3 && (m.isBridgehead(atom) || m.inTriangle(atom))
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

func (m *Molecule) inTriangle(atom int) bool {
	neighbors := m.Neighbors(atom)
	for i, a := range neighbors {
		for _, b := range neighbors[:i] {
			if m.bondBetween(a, b) >= 0 {
				return true
			}
		}
	}
	return false
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
		beginRef, beginUp, err := d.direction(b.Begin, b.End)
		if err != nil {
			return err
		}
		endRef, endUp, err := d.direction(b.End, b.Begin)
		if err != nil {
			return err
		}
		if beginRef < 0 || endRef < 0 || b.InRing && m.ringSize(i) < smallestStereoRing {
			continue
		}
		b.BeginRef, b.EndRef, b.Geometry = beginRef, endRef, Trans
		if beginUp == endUp {
			b.Geometry = Cis
		}
	}
	return nil
}

// direction finds a substituent of one end of a double bond with a direction,
// and whether it stands above (up) that end. ref is -1 if there is none.
func (d *draft) direction(atom, partner int) (ref int, up bool, err error) {
	ref = -1
	for _, i := range d.mol.adjacent[atom] {
		written := d.bonds[i]
		other := d.mol.bonds[i].Other(atom)
		if other == partner || written.symbol != '/' && written.symbol != '\\' {
			continue
		}
		above := (written.symbol == '/') == (written.from == atom)
		if ref >= 0 && above == up {
			return -1, false, syntaxErrorf(written.pos, "directions put both substituents on one side of a double bond")
		}
		ref, up = other, above
	}
	return ref, up, nil
}

// ringSize returns the number of atoms in the smallest ring through a bond.
func (m *Molecule) ringSize(bond int) int {
	begin, end := m.bonds[bond].Begin, m.bonds[bond].End
	distance := filled(len(m.atoms), -1)
	distance[begin] = 0
	for queue := []int{begin}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		for _, b := range m.adjacent[a] {
			n := m.bonds[b].Other(a)
			if b == bond || !m.bonds[b].InRing || distance[n] >= 0 {
				continue
			}
			if n == end {
				return distance[a] + 2
			}
			distance[n] = distance[a] + 1
			queue = append(queue, n)
		}
	}
	return 0
}
