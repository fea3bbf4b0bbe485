package property

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// stereocentres counts the atoms that could be tetrahedral stereocentres,
// marked or not: those whose neighbours are all different. Two atoms differ if
// refinement by element, isotope, hydrogens and neighbours separates them, or
// else if the stereo marks around them do. RDKit 2022.09 ranks atoms in the
// same way (the older of its two ways).
func stereocentres(m *chem.Molecule) int {
	var open []int
	for i := range m.NumAtoms() {
		if mayBeStereocentre(m, i) {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return 0
	}
	c := centreCount{mol: m, classes: constitutionalClasses(m), labels: make([]int, m.NumAtoms()), open: open}
	for c.resolve() {
		c.classes = refineClasses(m, c.labelled())
	}
	return len(open) - len(c.open)
}

// centreCount finds stereocentres in rounds: marks that one round has resolved
// distinguish atoms in the next.
type centreCount struct {
	mol     *chem.Molecule
	classes []int
	// labels are what the marks say about each atom so far.
	labels []int
	// open are the candidates whose neighbours are not all different yet.
	open []int
	// geometries says which double bonds are labelled.
	geometries []bool
}

// resolve does one round. It reports whether another one may find more.
func (c *centreCount) resolve() bool {
	found := c.resolveBonds()
	c.open = slices.DeleteFunc(c.open, func(atom int) bool {
		if !neighboursDiffer(c.mol, atom, c.classes) {
			return false
		}
		if turn := c.mol.Atom(atom).Chirality; turn != chem.Unspecified {
			c.labels[atom] += handedness(c.mol, atom, turn, c.classes)
			found = true
		}
		return true
	})
	return found && len(c.open) > 0
}

// resolveBonds labels the ends of the double bonds that have a geometry and
// whose ends each have different neighbours.
func (c *centreCount) resolveBonds() bool {
	if c.geometries == nil {
		c.geometries = make([]bool, c.mol.NumBonds())
	}
	found := false
	for i, known := range c.geometries {
		b := c.mol.Bond(i)
		if known || b.Geometry == chem.NoGeometry {
			continue
		}
		begin, ok := upperSubstituent(c.mol, b.Begin, b.End, c.classes)
		end, okEnd := upperSubstituent(c.mol, b.End, b.Begin, c.classes)
		if !ok || !okEnd {
			continue
		}
		cis := b.Geometry == chem.Cis
		if (begin != b.BeginRef) != (end != b.EndRef) {
			cis = !cis
		}
		label := geometryLabel
		if cis {
			label *= 2
		}
		c.labels[b.Begin] += label
		c.labels[b.End] += label
		c.geometries[i], found = true, true
	}
	return found
}

// geometryLabel is greater than the labels of handedness.
const geometryLabel = 4

// upperSubstituent returns the neighbour of an atom, other than its partner,
// that is of the highest class; ok is false if there are two.
func upperSubstituent(m *chem.Molecule, atom, partner int, classes []int) (upper int, ok bool) {
	upper = -1
	for k := range m.Degree(atom) {
		n := m.NeighbourAt(atom, k)
		switch {
		case n == partner:
		case upper < 0 || classes[n] > classes[upper]:
			upper, ok = n, true
		case classes[n] == classes[upper]:
			ok = false
		}
	}
	return upper, ok
}

// handedness returns 1 or 2, depending on the direction in which the neighbours
// of a centre turn in the order of their classes.
func handedness(m *chem.Molecule, atom int, turn chem.Chirality, classes []int) int {
	odd := turn == chem.Clockwise
	for k := range m.Degree(atom) {
		for l := range k {
			if classes[m.NeighbourAt(atom, l)] > classes[m.NeighbourAt(atom, k)] {
				odd = !odd
			}
		}
	}
	if odd {
		return 2
	}
	return 1
}

// labelled joins classes and labels.
func (c *centreCount) labelled() [][]int {
	keys := make([][]int, len(c.classes))
	for i, class := range c.classes {
		keys[i] = []int{class, c.labels[i]}
	}
	return keys
}

// mayBeStereocentre reports whether an atom has the shape of a stereocentre:
// four neighbours of which at most one is a hydrogen, or three and a lone pair
// that does not invert.
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
		return m.InThreeMemberedRing(atom) || ringDegree(m, atom) == 3 && newRingSystem(m).bridged(atom)
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

func neighboursDiffer(m *chem.Molecule, atom int, classes []int) bool {
	for k := range m.Degree(atom) {
		for l := range k {
			if classes[m.NeighbourAt(atom, k)] == classes[m.NeighbourAt(atom, l)] {
				return false
			}
		}
	}
	return true
}

// constitutionalClasses numbers the atoms. Two have the same number if their
// surroundings are alike in the whole molecule, apart from stereo marks.
func constitutionalClasses(m *chem.Molecule) []int {
	keys := make([][]int, m.NumAtoms())
	for i := range keys {
		a := m.Atom(i)
		keys[i] = []int{int(a.Element), int(a.Isotope), int(a.Class), m.HydrogensOn(i)}
	}
	return refineClasses(m, keys)
}

// refineClasses numbers the atoms by their own keys, and then by those of their
// neighbours until no more of them differ. It overwrites the keys.
func refineClasses(m *chem.Molecule, keys [][]int) []int {
	classes, count := classesOf(keys)
	for {
		for i := range keys {
			keys[i] = neighbourhood(m, i, classes, keys[i][:0])
		}
		finer, more := classesOf(keys)
		if more == count {
			return classes
		}
		classes, count = finer, more
	}
}

// neighbourhood describes an atom by its class, those of its neighbours, and
// the bonds to them. Bonds count in half orders, so an aromatic bond has three.
func neighbourhood(m *chem.Molecule, atom int, classes, key []int) []int {
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

// classesOf gives equal keys the same number, in the order of the keys.
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
