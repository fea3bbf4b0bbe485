package property

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// stereocentres counts the atoms that could be tetrahedral stereocentres, marked or
// not: those whose neighbours are all different. Atoms differ if refining by element,
// isotope, hydrogens and neighbours tells them apart, which is how RDKit 2022.09
// ranks them.
func stereocentres(m *chem.Molecule) int {
	var classes []int // made when the first candidate turns up
	n := 0
	for i := range m.NumAtoms() {
		if !mayBeStereocentre(m, i) {
			continue
		}
		if classes == nil {
			classes = constitutionalClasses(m)
		}
		if neighborsDiffer(m, i, classes) {
			n++
		}
	}
	return n
}

// mayBeStereocentre tells whether an atom has the shape of a stereocentre: four
// neighbours of which at most one is a hydrogen, or three and a lone pair that stays
// where it is.
func mayBeStereocentre(m *chem.Molecule, atom int) bool {
	a := m.Atom(atom)
	degree := m.Degree(atom)
	phosphine := a.Element == chem.Phosphorus || a.Element == chem.Arsenic
	hydrogens := int(a.Hydrogens)
	switch {
	case degree+hydrogens > 4 || degree+hydrogens < 3:
		return false
	case degree < 3:
		return phosphine
	case degree == 4 || hydrogens == 1:
		return true
	}
	switch a.Element {
	case chem.Nitrogen:
		return inTriangle(m, atom) || ringDegree(m, atom) == 3 && newRingSystem(m).bridged(atom)
	case chem.Phosphorus, chem.Arsenic:
		return true
	case chem.Sulfur, chem.Selenium:
		valence := m.Valence(atom)
		return valence == 4 || valence == 3 && a.Charge == 1
	}
	return false
}

func ringDegree(m *chem.Molecule, atom int) int {
	n := 0
	for k := range m.Degree(atom) {
		if m.Bond(m.BondAt(atom, k)).InRing {
			n++
		}
	}
	return n
}

func neighborsDiffer(m *chem.Molecule, atom int, classes []int) bool {
	for k := range m.Degree(atom) {
		for l := range k {
			if classes[m.NeighborAt(atom, k)] == classes[m.NeighborAt(atom, l)] {
				return false
			}
		}
	}
	return true
}

// constitutionalClasses numbers the atoms so that two have one number if their
// surroundings are alike as far as the bonds reach.
func constitutionalClasses(m *chem.Molecule) []int {
	keys := make([][]int, m.NumAtoms())
	for i := range keys {
		a := m.Atom(i)
		keys[i] = []int{int(a.Element), int(a.Isotope), int(a.Class), m.HydrogensOn(i)}
	}
	classes, count := classesOf(keys)
	for {
		for i := range keys {
			keys[i] = neighborhood(m, i, classes, keys[i][:0])
		}
		finer, more := classesOf(keys)
		if more == count {
			return classes
		}
		classes, count = finer, more
	}
}

// neighborhood describes an atom by its class and those of its neighbours with the
// bonds to them, half orders counted so that aromatic bonds have three.
func neighborhood(m *chem.Molecule, atom int, classes, key []int) []int {
	key = append(key, classes[atom])
	for k := range m.Degree(atom) {
		b := m.Bond(m.BondAt(atom, k))
		halves := 2 * int(b.Order)
		if b.Aromatic {
			halves = 3
		}
		key = append(key, 16*classes[b.Other(atom)]+halves)
	}
	slices.Sort(key[1:])
	return key
}

// classesOf numbers equal keys alike, in the order of the keys.
func classesOf(keys [][]int) (classes []int, count int) {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(slices.Compare(keys[i], keys[j]), cmp.Compare(i, j)) })
	classes = make([]int, len(keys))
	for n, i := range order {
		if n > 0 && !slices.Equal(keys[i], keys[order[n-1]]) {
			count++
		}
		classes[i] = count
	}
	return classes, count + 1
}
