package fingerprint

import "github.com/odordiff/odordiff/inference/chem"

// maxTorsions bounds the paths counted in one molecule; only highly connected
// graphs that are no odorants have more.
const maxTorsions = 20_000

// Torsions counts the chains of four bonded atoms of a molecule, each described
// by its atoms as in [AtomPairs] (Nilakantan, Bauman, Dixon and Venkataraghavan, J. Chem.
// Inf. Comput. Sci. 1987, 27, 82). The identifiers are this package's own. A
// three-membered ring is not a chain.
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
		first := m.NeighborAt(begin, j)
		if first == end {
			continue
		}
		for k := range m.Degree(end) {
			last := m.NeighborAt(end, k)
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
