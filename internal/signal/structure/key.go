package structure

import (
	"slices"
	"strings"
)

// Keys are what a molecule is recognised by.
type Keys struct {
	// Whole is the key of all fragments together.
	Whole uint64
	// Fragments are the keys of the parts that no bond connects, in no order: a
	// salt has several.
	Fragments []Fragment
}

// Fragment is one connected part.
type Fragment struct {
	Key uint64
	// Atoms are those other than hydrogen.
	Atoms int
}

// Read returns the keys of a molecule that is written as a SMILES or an InChI.
// It reports whether the text is one, as far as it can tell without checking
// valences. Hydrogen alone is none.
func Read(text string) (Keys, bool) {
	read := readSMILES
	if strings.HasPrefix(text, inchiPrefix) {
		read = readInChI
	}
	atoms, ok := read(text)
	if !ok {
		return Keys{}, false
	}
	atoms = foldHydrogens(atoms)
	if len(atoms) == 0 {
		return Keys{}, false
	}
	separateMetals(atoms)
	labels := make([]uint64, len(atoms))
	for i := range atoms {
		labels[i] = initial(atoms, i)
	}
	labels = refine(atoms, labels)
	return fragments(atoms, labels), true
}

// foldHydrogens returns the atoms without hydrogens of their own, which count
// as those of their neighbours.
func foldHydrogens(atoms []atom) []atom {
	isHydrogen := func(a atom) bool { return a.element == "H" && a.bracket }
	if !slices.ContainsFunc(atoms, isHydrogen) {
		return atoms
	}
	place := make([]int, len(atoms))
	kept := 0
	for i, a := range atoms {
		if place[i] = kept; !isHydrogen(a) {
			kept++
		}
	}
	folded := make([]atom, 0, kept)
	for _, a := range atoms {
		if isHydrogen(a) {
			continue
		}
		var bonds []bond
		for _, b := range a.bonds {
			if isHydrogen(atoms[b.to]) {
				a.hydrogens++
				continue
			}
			bonds = append(bonds, bond{place[b.to], b.order})
		}
		a.bonds = bonds
		folded = append(folded, a)
	}
	return folded
}

// separateMetals cuts the bonds of metals that are ions in their salts, so that
// both ways of drawing a salt are the same.
func separateMetals(atoms []atom) {
	isMetal := func(a atom) bool {
		switch a.element {
		case "Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Tl", "Ag":
			return true
		}
		return false
	}
	for i := range atoms {
		if isMetal(atoms[i]) {
			atoms[i].bonds = nil
			continue
		}
		atoms[i].bonds = slices.DeleteFunc(atoms[i].bonds, func(b bond) bool { return isMetal(atoms[b.to]) })
	}
}

// hydrogensOn returns how many hydrogens an atom has in the neutral form.
func hydrogensOn(atoms []atom, i int) int {
	a := atoms[i]
	if !a.bracket {
		return a.hydrogens + implicit(a)
	}
	switch {
	case a.charge > 0:
		return max(a.hydrogens-a.charge, 0)
	case a.charge < 0 && !slices.ContainsFunc(a.bonds, func(b bond) bool { return atoms[b.to].charge > 0 }):
		return a.hydrogens - a.charge
	}
	return a.hydrogens
}

// implicit returns how many hydrogens an atom without brackets has beside those
// that are written.
func implicit(a atom) int {
	used := a.hydrogens
	for _, b := range a.bonds {
		used += b.order
	}
	if a.aromatic {
		if a.element == "C" || a.element == "B" {
			return max(3-used, 0) // the ring takes the fourth
		}
		return 0
	}
	for _, valence := range valences(a.element) {
		if used <= valence {
			return valence - used
		}
	}
	return 0
}

func valences(element string) []int {
	switch element {
	case "B":
		return []int{3}
	case "C":
		return []int{4}
	case "N", "P":
		return []int{3, 5}
	case "O":
		return []int{2}
	case "S":
		return []int{2, 4, 6}
	}
	return []int{1}
}

// initial returns what an atom is by itself.
func initial(atoms []atom, i int) uint64 {
	label := uint64(0)
	for _, c := range []byte(atoms[i].element) {
		label = label<<8 | uint64(c)
	}
	label = label<<16 | uint64(hydrogensOn(atoms, i))<<8 | uint64(len(atoms[i].bonds))
	return mix(label)
}

// rounds is how far around itself an atom is known.
const rounds = 10

// refine adds to each atom what surrounds it (Weisfeiler and Lehman, The
// reduction of a graph to canonical form, 1968).
func refine(atoms []atom, labels []uint64) []uint64 {
	next := make([]uint64, len(labels))
	for range rounds {
		for i, a := range atoms {
			around := uint64(0)
			for _, b := range a.bonds {
				around += mix(labels[b.to])
			}
			next[i] = mix(labels[i]*3 + around)
		}
		labels, next = next, labels
	}
	return labels
}

// fragments adds up the atoms of each part.
func fragments(atoms []atom, labels []uint64) Keys {
	var keys Keys
	seen := make([]bool, len(atoms))
	var stack []int
	for start := range atoms {
		if seen[start] {
			continue
		}
		var fragment Fragment
		seen[start] = true
		for stack = append(stack[:0], start); len(stack) > 0; {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			fragment.Key += mix(labels[i])
			fragment.Atoms++
			for _, b := range atoms[i].bonds {
				if !seen[b.to] {
					seen[b.to] = true
					stack = append(stack, b.to)
				}
			}
		}
		fragment.Key = mix(fragment.Key + uint64(fragment.Atoms))
		keys.Whole += mix(fragment.Key)
		keys.Fragments = append(keys.Fragments, fragment)
	}
	keys.Whole = mix(keys.Whole)
	return keys
}

// mix spreads the bits of a number (Steele, Lea and Flood, Fast splittable
// pseudorandom number generators, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
