package chem

// HeavyAtoms returns the number of atoms other than hydrogen; wildcards do not count.
func (m *Molecule) HeavyAtoms() int {
	return m.count(func(_ int, a Atom) bool { return a.Element > Hydrogen })
}

// Rings returns the number of independent rings: bonds − atoms + components
// (the cyclomatic number, and the size of any smallest set of smallest rings).
func (m *Molecule) Rings() int {
	return len(m.bonds) - len(m.atoms) + m.components
}

// HBondDonors returns the number of nitrogen and oxygen atoms that carry at
// least one hydrogen. An NH2 group is one donor.
func (m *Molecule) HBondDonors() int {
	return m.count(func(i int, a Atom) bool {
		return isNitrogenOrOxygen(a) && m.HydrogensOn(i) > 0
	})
}

// HBondAcceptors returns the number of nitrogen and oxygen atoms
// (Lipinski et al., Adv. Drug Deliv. Rev. 1997, 23, 3).
func (m *Molecule) HBondAcceptors() int {
	return m.count(func(_ int, a Atom) bool { return isNitrogenOrOxygen(a) })
}

// RotatableBonds returns the number of single bonds outside rings between two
// atoms that both have another neighbour and no triple bond. Amide and ester
// bonds count (the plain definition of Veber et al., J. Med. Chem. 2002, 45,
// 2615, without its exclusion of amides).
func (m *Molecule) RotatableBonds() int {
	rotatable := 0
	for _, b := range m.bonds {
		if b.Order == 1 && !b.InRing && m.canTurn(b.Begin) && m.canTurn(b.End) {
			rotatable++
		}
	}
	return rotatable
}

func (m *Molecule) canTurn(atom int) bool {
	if len(m.adjacent[atom]) < 2 {
		return false
	}
	for _, b := range m.adjacent[atom] {
		if m.bonds[b].Order == 3 {
			return false
		}
	}
	return true
}

func isNitrogenOrOxygen(a Atom) bool {
	return a.Element == Nitrogen || a.Element == Oxygen
}

func (m *Molecule) count(is func(int, Atom) bool) int {
	n := 0
	for i, a := range m.atoms {
		if is(i, a) {
			n++
		}
	}
	return n
}
