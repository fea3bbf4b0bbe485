package property

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// constitutionalClasses numbers the atoms so that two have one number if their
// surroundings are alike, marks aside, as far as the bonds reach.
func constitutionalClasses(m *chem.Molecule) []int {
	keys := make([][]int, m.NumAtoms())
	for i := range keys {
		a := m.Atom(i)
		keys[i] = []int{int(a.Element), int(a.Isotope), int(a.Class), m.HydrogensOn(i)}
	}
	return refined(m, keys)
}

// refined numbers the atoms by keys of their own, and then by those of their
// neighbours until no more are told apart. It overwrites the keys.
func refined(m *chem.Molecule, keys [][]int) []int {
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
