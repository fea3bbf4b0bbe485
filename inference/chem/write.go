package chem

import (
	"cmp"
	"slices"
	"strings"
)

// writeCanonical writes each component in order of its canonical ranks and
// sorts the texts.
func (m *Molecule) writeCanonical() string {
	var parts []string
	rank := make([]int, len(m.atoms))
	for _, members := range m.memberLists() {
		ranks, _ := newRanking(m, members).run()
		root := members[0]
		for i, atom := range members {
			rank[atom] = ranks[i]
			if ranks[i] == 0 {
				root = atom
			}
		}
		parts = append(parts, m.write(root, rank, true))
	}
	slices.Sort(parts)
	return strings.Join(parts, ".")
}

// write writes the component of root as SMILES, taking neighbours in order of
// priority; tidy moves short branches before long ones.
func (m *Molecule) write(root int, priority []int, tidy bool) string {
	p := m.plan(root, priority)
	if tidy {
		p.sortBranches(priority)
	}
	p.orderAtoms()
	p.assignDirections()
	w := &writer{plan: p, numbers: map[int]int{}}
	w.atom(root, -1)
	return w.text.String()
}

// plan is the spanning tree along which a component is written.
type plan struct {
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
	// loud lists the hydrogens that must be written as atoms to carry a
	// direction, with whether it is '/'.
	loud map[int]bool
}

// plan walks the component depth first. It takes multiple bonds first, so that
// ring bonds, which are written as numbers, tend to be single.
func (m *Molecule) plan(root int, priority []int) *plan {
	n := len(m.atoms)
	p := &plan{
		mol: m, root: root,
		parent: filled(n, -1), children: make([][]int, n), closures: make([][]int, n),
		up: map[int]bool{}, loud: map[int]bool{},
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
func (p *plan) sortBranches(priority []int) {
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
func (p *plan) orderAtoms() {
	p.place = filled(len(p.children), -1)
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

// writer turns a plan into text.
type writer struct {
	*plan
	text strings.Builder
	// numbers holds the ring numbers in use, by ring bond.
	numbers map[int]int
}

func (w *writer) atom(atom, from int) {
	w.text.WriteString(w.atomText(atom))
	w.ringNumbers(atom)
	children := w.children[atom]
	w.loudHydrogen(atom, len(children) > 0)
	for i, b := range children {
		last := i == len(children)-1
		if !last {
			w.text.WriteByte('(')
		}
		w.text.WriteString(w.bondText(b))
		w.atom(w.mol.bonds[b].Other(atom), b)
		if !last {
			w.text.WriteByte(')')
		}
	}
}

// ringNumbers writes an atom's ring numbers, with the bond's symbol where one
// opens. A number closed here is not opened anew on the same atom.
func (w *writer) ringNumbers(atom int) {
	var closed []int
	for _, b := range w.closures[atom] {
		number, open := w.numbers[b]
		if open {
			closed = append(closed, b)
		} else {
			number = w.freeNumber()
			w.numbers[b] = number
			w.text.WriteString(w.bondText(b))
		}
		w.text.WriteString(ringText(number))
	}
	for _, b := range closed {
		delete(w.numbers, b)
	}
}

// freeNumber returns the smallest ring number not in use. MaxRings keeps it
// below 100.
func (w *writer) freeNumber() int {
	used := make([]bool, len(w.numbers)+2)
	for _, n := range w.numbers {
		if n < len(used) {
			used[n] = true
		}
	}
	number := 1
	for used[number] {
		number++
	}
	return number
}

func ringText(number int) string {
	if number < 10 {
		return string(rune('0' + number))
	}
	return "%" + string(rune('0'+number/10)) + string(rune('0'+number%10))
}

// bondText is the symbol of a bond, written after the first of its atoms.
func (p *plan) bondText(bond int) string {
	b := p.mol.bonds[bond]
	if up, ok := p.up[bond]; ok {
		if up {
			return "/"
		}
		return "\\"
	}
	switch {
	case b.Aromatic:
		return ""
	case b.Order == 1 && p.mol.atoms[b.Begin].Aromatic && p.mol.atoms[b.End].Aromatic:
		return "-"
	}
	return [...]string{1: "", 2: "=", 3: "#", 4: "$"}[b.Order]
}

func (w *writer) loudHydrogen(atom int, more bool) {
	up, ok := w.loud[atom]
	if !ok {
		return
	}
	text := "\\[H]"
	if up {
		text = "/[H]"
	}
	if more {
		text = "(" + text + ")"
	}
	w.text.WriteString(text)
}
