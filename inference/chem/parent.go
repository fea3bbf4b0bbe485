package chem

// Parent returns what a salt, an ion, a labelled or an oddly drawn molecule
// stands for: bonds to metals are cut, charges and unpaired electrons that
// belong to the drawing go, hydrogens come and go with them, and labels and
// stereo marks are dropped. Atoms keep their indices, labelled hydrogens too.
// It is the molecule itself where there is nothing to do.
//
// It is meant for comparing. A charge that no hydrogen balances, as in a
// quaternary ammonium ion, and one that a neighbour balances, as in a nitro
// group, stay.
func (m *Molecule) Parent() *Molecule {
	if !m.isUnusual() {
		return m
	}
	p := m.unlabelled()
	p.cutMetalBonds()
	p.raiseOrders()
	for i := range p.atoms {
		p.neutralise(i)
	}
	p.rebuild()
	return p
}

// isUnusual reports whether Parent may have anything to do.
func (m *Molecule) isUnusual() bool {
	for i, a := range m.atoms {
		if a.Charge != 0 || a.Isotope != 0 || a.Class != 0 || isElectropositive(a.Element) || m.RadicalElectrons(i) > 0 {
			return true
		}
	}
	return false
}

// isElectropositive reports whether an element is a metal that salts are drawn
// with.
func isElectropositive(e Element) bool {
	switch e {
	case 3, 4, 11, 12, 13, 19, 20, 37, 38, 55, 56: // groups 1 and 2, aluminium
		return true
	}
	return e >= 22 && e <= 30 || e >= 44 && e <= 48 || e >= 76 && e <= 83
}

// cutMetalBonds turns bonds between a metal and anything else into hydrogens.
func (m *Molecule) cutMetalBonds() {
	kept := m.bonds
	m.bonds = nil
	m.adjacent = make([][]int, len(m.atoms))
	for _, b := range kept {
		metal, other := b.Begin, b.End
		if !isElectropositive(m.atoms[metal].Element) {
			metal, other = other, metal
		}
		if !isElectropositive(m.atoms[metal].Element) || isElectropositive(m.atoms[other].Element) {
			m.connect(b.Begin, b.End, b.Order)
			continue
		}
		m.atoms[other].Hydrogens += b.Order
	}
}

// raiseOrders makes more bonds of each pair of neighbours that are drawn with
// opposite charges, or with an unpaired electron each, where their valences
// allow it: "[P+][O-]" is "P=O". It ends because bonds only gain, up to three.
func (m *Molecule) raiseOrders() {
	for changed := true; changed; {
		changed = false
		for i := range m.bonds {
			changed = m.raiseOrder(&m.bonds[i]) || changed
		}
	}
}

// raiseOrder raises the order of one bond. It reports whether it did.
func (m *Molecule) raiseOrder(b *Bond) bool {
	begin, end := &m.atoms[b.Begin], &m.atoms[b.End]
	opposite := begin.Charge > 0 && end.Charge < 0 || begin.Charge < 0 && end.Charge > 0
	unpaired := m.RadicalElectrons(b.Begin) > 0 && m.RadicalElectrons(b.End) > 0
	if b.Order > 2 || !opposite && !unpaired {
		return false
	}
	before := [2]int8{begin.Charge, end.Charge}
	if opposite {
		begin.Charge -= sign(begin.Charge)
		end.Charge -= sign(end.Charge)
	}
	b.Order++
	if m.isAllowed(b.Begin) && m.isAllowed(b.End) {
		return true
	}
	begin.Charge, end.Charge = before[0], before[1]
	b.Order--
	return false
}

func sign(charge int8) int8 {
	if charge < 0 {
		return -1
	}
	return 1
}

// isAllowed reports whether an atom has no more bonds than its valences permit.
func (m *Molecule) isAllowed(atom int) bool {
	a := m.atoms[atom]
	allowed := allowedValences(a.Element, int(a.Charge))
	return len(allowed) == 0 || m.Valence(atom) <= allowed[len(allowed)-1]
}

// neutralise takes an atom's charge and unpaired electrons away by giving or
// taking hydrogens, where that gives a neutral atom of a normal valence.
func (m *Molecule) neutralise(atom int) {
	a := &m.atoms[atom]
	if isElectropositive(a.Element) || m.isBalanced(atom) {
		return
	}
	hydrogens := int(a.Hydrogens) - int(a.Charge)
	if a.Element == Carbon && a.Charge > 0 {
		hydrogens = int(a.Hydrogens) + int(a.Charge)
	}
	if hydrogens < 0 {
		return
	}
	sum := m.orderSum(atom) + hydrogens
	if v, ok := smallestValence(a.Element, 0, sum); ok {
		a.Charge, a.Hydrogens = 0, uint8(hydrogens+v-sum)
	}
}

// isBalanced reports whether a neighbour has a charge of the other sign.
func (m *Molecule) isBalanced(atom int) bool {
	charge := int(m.atoms[atom].Charge)
	for k := range m.Degree(atom) {
		if int(m.atoms[m.NeighbourAt(atom, k)].Charge)*charge < 0 {
			return true
		}
	}
	return false
}

// Skeleton returns a text that is the same for all molecules with the same
// atoms other than hydrogen and the same pairs of them bound, whatever the
// orders of the bonds, the charges and the places of the hydrogens. Tautomers,
// which differ in nothing else, have one skeleton and one formula.
func (m *Molecule) Skeleton() string {
	s := m.unlabelled()
	for i := range s.atoms {
		s.atoms[i].Hydrogens, s.atoms[i].Charge = 0, 0
	}
	for i := range s.bonds {
		s.bonds[i].Order = 1
	}
	s.rebuild()
	return s.canonical
}
