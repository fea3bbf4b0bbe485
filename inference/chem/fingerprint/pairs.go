package fingerprint

import "github.com/odordiff/odordiff/inference/chem"

// MaxDistance is the largest number of bonds between the atoms of a pair.
const MaxDistance = 30

// AtomPairs counts the pairs of atoms of a molecule, each described by both
// atoms and the number of bonds on the shortest path between them, 1 to
// MaxDistance (Carhart, Smith and Venkataraghavan, J. Chem. Inf. Comput. Sci.
// 1985, 25, 64). An atom is described by its element, its neighbours, its π
// electrons, whether it is in a ring and its charge; the ring and the charge are
// an addition to the original, and the identifiers are this package's own.
// Hydrogens are not atoms here.
func AtomPairs(m *chem.Molecule) Sparse {
	kinds := atomKinds(m)
	var ids []uint32
	distance := make([]int, m.NumAtoms())
	queue := make([]int, 0, m.NumAtoms())
	for from := range kinds {
		queue = spread(m, from, distance, queue)
		for _, to := range queue {
			if to > from && kinds[from] != 0 && kinds[to] != 0 {
				ids = append(ids, pairID(kinds[from], kinds[to], distance[to]))
			}
		}
	}
	return sparse(ids)
}

// spread fills in the distances of the atoms within MaxDistance of one and returns
// them in the order of distance.
func spread(m *chem.Molecule, from int, distance, queue []int) []int {
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
			if n := m.NeighborAt(atom, k); distance[n] < 0 {
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
		kinds[i] = hashAll(uint32(a.Element), uint32(heavyNeighbors(m, i)), uint32(piElectrons(m, i)), ring, uint32(int32(a.Charge)))
	}
	return kinds
}

func heavyNeighbors(m *chem.Molecule, atom int) int {
	return m.Degree(atom) + int(m.Atom(atom).Hydrogens) - m.HydrogensOn(atom)
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
