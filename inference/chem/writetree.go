package chem

import (
	"cmp"
	"slices"
)

// spanningTree is the spanning tree along which a component is written.
type spanningTree struct {
	mol  *Molecule
	root int
	// parent is the bond by which each atom is reached, -1 for the root.
	parent []int
	// children are the bonds from an atom to the atoms after it.
	children [][]int
	// closures are the ring bonds with a number at an atom: those it closes,
	// then those it opens.
	closures [][]int

	order []int // atoms in order of writing
	place []int // the reverse of order
	// up tells, for bonds written with a direction, whether it is '/'.
	up map[int]bool
	// hydrogenUp lists the hydrogens that must be written as atoms to carry a
	// direction, with whether it is '/'.
	hydrogenUp map[int]bool
}

// spanningTree walks the component depth first. It takes multiple bonds first,
// so that ring bonds, which are written as numbers, tend to be single.
func (m *Molecule) spanningTree(root int, priority []int) *spanningTree {
	n := len(m.atoms)
	p := &spanningTree{
		mol: m, root: root,
		parent: unset(n), children: make([][]int, n), closures: make([][]int, n),
		up: map[int]bool{}, hydrogenUp: map[int]bool{},
	}
	seen, done := make([]bool, n), make([]bool, len(m.bonds))
	opened := make([][]int, n)
	var visit func(atom int)
	visit = func(atom int) {
		seen[atom] = true
		for _, b := range m.visitingOrder(atom, priority) {
			next := m.bonds[b].Other(atom)
			switch {
			case done[b]:
			case seen[next]:
				done[b] = true
				p.closures[atom] = append(p.closures[atom], b)
				opened[next] = append(opened[next], b)
			default:
				done[b] = true
				p.parent[next] = b
				p.children[atom] = append(p.children[atom], b)
				visit(next)
			}
		}
	}
	visit(root)
	for atom, bonds := range opened {
		slices.SortFunc(bonds, func(a, b int) int {
			return cmp.Compare(priority[m.bonds[a].Other(atom)], priority[m.bonds[b].Other(atom)])
		})
		p.closures[atom] = append(p.closures[atom], bonds...)
	}
	return p
}

func (m *Molecule) visitingOrder(atom int, priority []int) []int {
	bonds := slices.Clone(m.adjacent[atom])
	plain := func(b int) int {
		if m.bonds[b].Order > 1 && !m.bonds[b].Aromatic {
			return 0
		}
		return 1
	}
	slices.SortFunc(bonds, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(plain(a), plain(b)),
			cmp.Compare(priority[m.bonds[a].Other(atom)], priority[m.bonds[b].Other(atom)]),
		)
	})
	return bonds
}

// sortBranches orders the branches at each atom by size, then by priority, so
// that the longest comes last and needs no parentheses. Ring bonds only join
// an atom to one of its ancestors, so siblings may change places freely.
func (p *spanningTree) sortBranches(priority []int) {
	size := make([]int, len(p.children))
	var measure func(atom int) int
	measure = func(atom int) int {
		size[atom] = 1
		for _, b := range p.children[atom] {
			size[atom] += measure(p.mol.bonds[b].Other(atom))
		}
		return size[atom]
	}
	measure(p.root)
	for atom, bonds := range p.children {
		slices.SortFunc(bonds, func(a, b int) int {
			x, y := p.mol.bonds[a].Other(atom), p.mol.bonds[b].Other(atom)
			return cmp.Or(cmp.Compare(size[x], size[y]), cmp.Compare(priority[x], priority[y]))
		})
	}
}

// orderAtoms lists the atoms in the order in which they will be written.
func (p *spanningTree) orderAtoms() {
	p.place = unset(len(p.children))
	var visit func(atom int)
	visit = func(atom int) {
		p.place[atom] = len(p.order)
		p.order = append(p.order, atom)
		for _, b := range p.children[atom] {
			visit(p.mol.bonds[b].Other(atom))
		}
	}
	visit(p.root)
}
