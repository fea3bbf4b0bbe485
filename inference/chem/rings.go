package chem

import (
	"cmp"
	"slices"
)

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
	// basic tells that the ring is one of the chosen smallest set.
	basic bool
}

// smallRings returns the rings that matter chemically: every ring found that is
// not the sum of smaller ones. They contain a smallest set of smallest rings
// and, unlike it, do not depend on the order of atoms where several rings of
// one size compete. The candidates are Horton's (SIAM J. Comput. 1987, 16, 358).
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
			r := m.closeCandidate(candidates[start])
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
	tree *pathTree
	bond int
	size int
}

// pathTree holds the shortest paths along ring bonds from one root.
type pathTree struct {
	distance []int
	parent   []int // the bond towards the root
	limb     []int // the first atom after the root on the way
}

func (m *Molecule) ringCandidates() []ringCandidate {
	var candidates []ringCandidate
	for root := range m.atoms {
		if !m.InRing(root) {
			continue
		}
		tree := m.growPaths(root)
		for i, b := range m.bonds {
			// Paths along one limb meet before the root: no simple cycle.
			if !b.InRing || tree.limb[b.Begin] == tree.limb[b.End] || tree.parent[b.Begin] == i || tree.parent[b.End] == i {
				continue
			}
			size := tree.distance[b.Begin] + tree.distance[b.End] + 1
			candidates = append(candidates, ringCandidate{tree, i, size})
		}
	}
	slices.SortStableFunc(candidates, func(a, b ringCandidate) int { return cmp.Compare(a.size, b.size) })
	return candidates
}

func (m *Molecule) growPaths(root int) *pathTree {
	t := &pathTree{distance: unset(len(m.atoms)), parent: unset(len(m.atoms)), limb: unset(len(m.atoms))}
	t.distance[root], t.limb[root] = 0, root
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		a := queue[0]
		for _, b := range m.adjacent[a] {
			n := m.bonds[b].Other(a)
			if m.bonds[b].InRing && t.distance[n] < 0 {
				t.distance[n], t.parent[n], t.limb[n] = t.distance[a]+1, b, t.limb[a]
				if a == root {
					t.limb[n] = n
				}
				queue = append(queue, n)
			}
		}
	}
	return t
}

// closeCandidate walks both paths of a candidate to the root.
func (m *Molecule) closeCandidate(c ringCandidate) ring {
	b := m.bonds[c.bond]
	left, leftBonds := m.pathToRoot(c.tree, b.Begin)
	right, rightBonds := m.pathToRoot(c.tree, b.End)
	// Around the ring: from the bond's end down to the root, then up the other side.
	slices.Reverse(left)
	slices.Reverse(leftBonds)
	return ring{
		atoms: slices.Concat(right[:len(right)-1], left),
		bonds: slices.Concat(rightBonds, leftBonds, []int{c.bond}),
	}
}

func (m *Molecule) pathToRoot(t *pathTree, atom int) (atoms, bonds []int) {
	atoms = append(atoms, atom)
	for t.parent[atom] >= 0 {
		bonds = append(bonds, t.parent[atom])
		atom = m.bonds[t.parent[atom]].Other(atom)
		atoms = append(atoms, atom)
	}
	return atoms, bonds
}
