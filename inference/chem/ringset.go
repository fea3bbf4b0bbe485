package chem

import "slices"

// SSSR returns a smallest set of smallest rings: as many independent cycles as
// there are rings, of the smallest total size, shortest first. Each ring lists
// its atoms in order around it. The sizes are a property of the molecule; where
// several rings of one size compete, as in cubane, which of them are chosen
// depends on the order of atoms (SymmetricRings names them all). The set is
// taken greedily from Horton's candidates (SIAM J. Comput. 1987, 16, 358).
func (m *Molecule) SSSR() [][]int {
	var set [][]int
	for _, r := range m.rings {
		if r.basic {
			set = append(set, slices.Clone(r.atoms))
		}
	}
	return set
}

// SymmetricRings returns the rings of SSSR and every ring of equal size that
// could stand in for one of them: six in cubane, three in
// bicyclo[2.2.2]octane. It does not depend on the order of atoms. These are the
// relevant cycles of Vismara (Electron. J. Comb. 1997, 4, R9) as far as they
// are among Horton's candidates.
func (m *Molecule) SymmetricRings() [][]int {
	set := make([][]int, len(m.rings))
	for i, r := range m.rings {
		set[i] = slices.Clone(r.atoms)
	}
	return set
}
