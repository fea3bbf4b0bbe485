package fingerprint

import "github.com/odordiff/odordiff/inference/chem"

// MaxDistance is the largest number of bonds between the atoms of a pair.
const MaxDistance = 30

// AtomPairs counts the pairs of atoms of a molecule, each described by both
// atoms and the number of bonds on the shortest path between them, 1 to
// MaxDistance (Carhart, Smith and Venkataraghavan, J. Chem. Inf. Comput. Sci.
// 1985, 25, 64). An atom is described by its element, its neighbours, its π
// electrons, whether it is in a ring and its charge; the ring and the charge
// are an addition to the original, and the identifiers are this package's own.
// Hydrogens are not atoms here.
func AtomPairs(m *chem.Molecule) Sparse { return pairs(m, atomKinds(m)) }

// ElementPairs is AtomPairs with atoms told apart only by element and
// aromaticity, so that it sees what distant relatives have in common.
func ElementPairs(m *chem.Molecule) Sparse { return pairs(m, elementKinds(m)) }

// GroupPairs is AtomPairs with atoms told apart by their part in functional
// groups, in the spirit of binding property pairs (Kearsley et al., J. Chem.
// Inf. Comput. Sci. 1996, 36, 118): carbon by what it has multiple bonds to,
// other elements by their hydrogens.
func GroupPairs(m *chem.Molecule) Sparse { return pairs(m, groupKinds(m)) }

// pairs counts the pairs of atoms whose kind is not 0.
func pairs(m *chem.Molecule, kinds []uint32) Sparse {
	var ids []uint32
	distance := make([]int, m.NumAtoms())
	queue := make([]int, 0, m.NumAtoms())
	for from := range kinds {
		queue = distancesFrom(m, from, distance, queue)
		for _, to := range queue {
			if to > from && kinds[from] != 0 && kinds[to] != 0 {
				ids = append(ids, pairID(kinds[from], kinds[to], distance[to]))
			}
		}
	}
	return sparse(ids)
}

// distancesFrom fills in the distances of the atoms within MaxDistance of one
// and returns them in the order of distance.
func distancesFrom(m *chem.Molecule, from int, distance, queue []int) []int {
	for i := range distance {
		distance[i] = -1
	}
	distance[from] = 0
	queue = append(queue[:0], from)
	for head := 0; head < len(queue); head++ {
		atom := queue[head]
		if distance[atom] == MaxDistance {
			break
		}
		for k := range m.Degree(atom) {
			if n := m.NeighbourAt(atom, k); distance[n] < 0 {
				distance[n] = distance[atom] + 1
				queue = append(queue, n)
			}
		}
	}
	return queue
}

func pairID(a, b uint32, distance int) uint32 {
	return hashAll(min(a, b), uint32(distance), max(a, b))
}

// elementKinds describes every atom for element pairs, 0 for hydrogens.
func elementKinds(m *chem.Molecule) []uint32 {
	kinds := make([]uint32, m.NumAtoms())
	for i := range kinds {
		a := m.Atom(i)
		if a.Element == chem.Hydrogen {
			continue
		}
		kinds[i] = uint32(a.Element) + 1
		if a.Aromatic {
			kinds[i] += 200
		}
	}
	return kinds
}

// groupKinds describes every atom for group pairs, 0 for hydrogens.
func groupKinds(m *chem.Molecule) []uint32 {
	kinds := elementKinds(m)
	for i, kind := range kinds {
		switch {
		case kind == 0:
		case m.Atom(i).Element == chem.Carbon:
			kinds[i] = kind | uint32(multiplyBonded(m, i))<<16
		default:
			kinds[i] = kind | uint32(m.HydrogensOn(i))<<16
		}
	}
	return kinds
}

// multiplyBonded adds up the atomic numbers of the atoms that an atom has
// double or triple bonds to, outside aromatic systems.
func multiplyBonded(m *chem.Molecule, atom int) int {
	sum := 0
	for k := range m.Degree(atom) {
		if b := m.Bond(m.BondAt(atom, k)); b.Order > 1 && !b.Aromatic {
			sum += int(m.Atom(b.Other(atom)).Element)
		}
	}
	return sum
}

// atomKinds describes every atom for pairs and torsions, 0 for hydrogens.
func atomKinds(m *chem.Molecule) []uint32 {
	kinds := make([]uint32, m.NumAtoms())
	for i := range kinds {
		a := m.Atom(i)
		if a.Element == chem.Hydrogen {
			continue
		}
		ring := uint32(0)
		if m.InRing(i) {
			ring = 1
		}
		kinds[i] = hashAll(uint32(a.Element), uint32(m.HeavyDegree(i)), uint32(piElectrons(m, i)), ring, uint32(int32(a.Charge)))
	}
	return kinds
}

// piElectrons counts the electrons that an atom gives to π bonds; in an
// aromatic ring each atom counts one.
func piElectrons(m *chem.Molecule, atom int) int {
	if m.Atom(atom).Aromatic {
		return 1
	}
	n := 0
	for k := range m.Degree(atom) {
		n += int(m.Bond(m.BondAt(atom, k)).Order) - 1
	}
	return n
}

// maxTorsions bounds the paths counted in one molecule; only highly connected
// graphs that are no odorants have more.
const maxTorsions = 20_000

// Torsions counts the chains of four bonded atoms of a molecule, each described
// by its atoms as in [AtomPairs] (Nilakantan, Bauman, Dixon and
// Venkataraghavan, J. Chem. Inf. Comput. Sci. 1987, 27, 82). The identifiers
// are this package's own. A three-membered ring is not a chain.
func Torsions(m *chem.Molecule) Sparse {
	kinds := atomKinds(m)
	var ids []uint32
	for b := range m.NumBonds() {
		middle := m.Bond(b)
		ids = appendTorsions(ids, m, kinds, middle.Begin, middle.End)
		if len(ids) > maxTorsions {
			ids = ids[:maxTorsions]
			break
		}
	}
	return sparse(ids)
}

// appendTorsions appends the identifiers of the chains around one bond.
func appendTorsions(ids []uint32, m *chem.Molecule, kinds []uint32, begin, end int) []uint32 {
	for j := range m.Degree(begin) {
		first := m.NeighbourAt(begin, j)
		if first == end {
			continue
		}
		for k := range m.Degree(end) {
			last := m.NeighbourAt(end, k)
			if last == begin || last == first || kinds[first] == 0 || kinds[last] == 0 {
				continue
			}
			ids = append(ids, torsionID(kinds[first], kinds[begin], kinds[end], kinds[last]))
		}
	}
	return ids
}

// torsionID is the same for both directions of reading.
func torsionID(a, b, c, d uint32) uint32 {
	if a > d || a == d && b > c {
		a, b, c, d = d, c, b, a
	}
	return hashAll(a, b, c, d)
}
