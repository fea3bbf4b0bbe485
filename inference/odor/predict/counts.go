package predict

import "github.com/odordiff/odordiff/inference/chem"

// The counts here are features of the model, plainer than the definitions of package
// property: to change one is to train anew.

// donors counts the nitrogens and oxygens that carry hydrogen.
func donors(m *chem.Molecule) int {
	n := 0
	for i := range m.NumAtoms() {
		if isNitrogenOrOxygen(m, i) && m.HydrogensOn(i) > 0 {
			n++
		}
	}
	return n
}

// acceptors counts the nitrogens and oxygens.
func acceptors(m *chem.Molecule) int {
	n := 0
	for i := range m.NumAtoms() {
		if isNitrogenOrOxygen(m, i) {
			n++
		}
	}
	return n
}

func isNitrogenOrOxygen(m *chem.Molecule, atom int) bool {
	e := m.Atom(atom).Element
	return e == chem.Nitrogen || e == chem.Oxygen
}

// rotatable counts the single bonds outside rings between atoms that both have
// another neighbour and no triple bond.
func rotatable(m *chem.Molecule) int {
	n := 0
	for i := range m.NumBonds() {
		if b := m.Bond(i); b.Order == 1 && !b.InRing && canTurn(m, b.Begin) && canTurn(m, b.End) {
			n++
		}
	}
	return n
}

func canTurn(m *chem.Molecule, atom int) bool {
	for k := range m.Degree(atom) {
		if m.Bond(m.BondAt(atom, k)).Order == 3 {
			return false
		}
	}
	return m.Degree(atom) > 1
}
