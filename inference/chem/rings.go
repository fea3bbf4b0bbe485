package chem

import (
	"cmp"
	"slices"
)

// Rings returns the number of independent rings: bonds − atoms + components
// (the cyclomatic number, and the size of any smallest set of smallest rings).
func (m *Molecule) Rings() int {
	return len(m.bonds) - len(m.atoms) + m.components
}

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

// markRingBonds sets Bond.InRing: a bond is in a ring unless it is a bridge
// (Tarjan, Inf. Process. Lett. 1974, 2, 160). The recursion is as deep as the
// molecule has atoms, which MaxAtoms bounds.
func (m *Molecule) markRingBonds() {
	seen, low := make([]int, len(m.atoms)), make([]int, len(m.atoms))
	clock := 0
	var visit func(atom, from int)
	visit = func(atom, from int) {
		clock++
		seen[atom], low[atom] = clock, clock
		for _, b := range m.adjacent[atom] {
			n := m.bonds[b].Other(atom)
			switch {
			case b == from:
			case seen[n] > 0:
				m.bonds[b].InRing = true
				low[atom] = min(low[atom], seen[n])
			default:
				visit(n, b)
				m.bonds[b].InRing = low[n] <= seen[atom]
				low[atom] = min(low[atom], low[n])
			}
		}
	}
	for atom := range m.atoms {
		if seen[atom] == 0 {
			visit(atom, -1)
		}
	}
}

// ring is a simple cycle: atoms in order around it, and the bonds between them.
type ring struct {
	atoms, bonds []int
	// basic reports whether the ring is one of the chosen smallest set.
	basic bool
}

// smallRings returns the rings that matter chemically: every ring found that is
// not the sum of smaller ones. They contain a smallest set of smallest rings
// and, unlike it, do not depend on the order of atoms where several rings of
// one size compete. The candidates are Horton's (SIAM J. Comput. 1987, 16,
// 358).
func (m *Molecule) smallRings() []ring {
	rank := m.Rings()
	if rank == 0 {
		return nil
	}
	candidates := m.ringCandidates()
	basis := newCycleSpace(len(m.bonds))
	var rings []ring
	for start := 0; start < len(candidates) && len(basis.rows) < rank; {
		size := candidates[start].size
		var same []ring
		seen := map[string]bool{}
		shorter := basis.clone()
		for ; start < len(candidates) && candidates[start].size == size; start++ {
			r := m.ringOf(candidates[start])
			vector := basis.vector(r.bonds)
			if key := vector.key(); !seen[key] {
				seen[key] = true
				if shorter.independent(vector) {
					r.basic = basis.add(vector)
					same = append(same, r)
				}
			}
		}
		rings = append(rings, same...)
	}
	return rings
}

// ringCandidate is the cycle made of a bond and the shortest paths from its
// ends to a root atom.
type ringCandidate struct {
	tree *shortestPathTree
	bond int
	size int
}

// shortestPathTree holds the shortest paths along ring bonds from one root.
type shortestPathTree struct {
	distance []int
	parent   []int // the bond towards the root
	branch   []int // the first atom after the root on the way
}

func (m *Molecule) ringCandidates() []ringCandidate {
	var candidates []ringCandidate
	for root := range m.atoms {
		if !m.InRing(root) {
			continue
		}
		tree := m.shortestPaths(root)
		for i, b := range m.bonds {
			// Paths along one branch meet before the root: no simple cycle.
			if !b.InRing || tree.branch[b.Begin] == tree.branch[b.End] || tree.parent[b.Begin] == i || tree.parent[b.End] == i {
				continue
			}
			size := tree.distance[b.Begin] + tree.distance[b.End] + 1
			candidates = append(candidates, ringCandidate{tree, i, size})
		}
	}
	slices.SortStableFunc(candidates, func(a, b ringCandidate) int { return cmp.Compare(a.size, b.size) })
	return candidates
}

func (m *Molecule) shortestPaths(root int) *shortestPathTree {
	t := &shortestPathTree{distance: unset(len(m.atoms)), parent: unset(len(m.atoms)), branch: unset(len(m.atoms))}
	t.distance[root], t.branch[root] = 0, root
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		for _, b := range m.adjacent[a] {
			n := m.bonds[b].Other(a)
			if m.bonds[b].InRing && t.distance[n] < 0 {
				t.distance[n], t.parent[n], t.branch[n] = t.distance[a]+1, b, t.branch[a]
				if a == root {
					t.branch[n] = n
				}
				queue = append(queue, n)
			}
		}
	}
	return t
}

// ringOf walks both paths of a candidate to the root.
func (m *Molecule) ringOf(c ringCandidate) ring {
	b := m.bonds[c.bond]
	left, leftBonds := m.pathToRoot(c.tree, b.Begin)
	right, rightBonds := m.pathToRoot(c.tree, b.End)
	// Around the ring: from the bond's end down to the root, then up the other
	// side.
	slices.Reverse(left)
	slices.Reverse(leftBonds)
	return ring{
		atoms: slices.Concat(right[:len(right)-1], left),
		bonds: slices.Concat(rightBonds, leftBonds, []int{c.bond}),
	}
}

func (m *Molecule) pathToRoot(t *shortestPathTree, atom int) (atoms, bonds []int) {
	atoms = append(atoms, atom)
	for t.parent[atom] >= 0 {
		bonds = append(bonds, t.parent[atom])
		atom = m.bonds[t.parent[atom]].Other(atom)
		atoms = append(atoms, atom)
	}
	return atoms, bonds
}

// ringSize returns the number of atoms in the smallest ring through a bond.
func (m *Molecule) ringSize(bond int) int {
	begin, end := m.bonds[bond].Begin, m.bonds[bond].End
	distance := unset(len(m.atoms))
	distance[begin] = 0
	for queue := []int{begin}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		for _, b := range m.adjacent[a] {
			n := m.bonds[b].Other(a)
			if b == bond || !m.bonds[b].InRing || distance[n] >= 0 {
				continue
			}
			if n == end {
				return distance[a] + 2
			}
			distance[n] = distance[a] + 1
			queue = append(queue, n)
		}
	}
	return 0
}
