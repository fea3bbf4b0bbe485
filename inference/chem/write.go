package chem

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
)

// RandomSMILES writes the molecule from a random atom in a random order of
// branches and components. Every text it returns parses to the same molecule.
func (m *Molecule) RandomSMILES(rng *rand.Rand) string {
	root, priority := rng.IntN(len(m.atoms)), rng.Perm(len(m.atoms))
	components := m.ComponentAtoms()
	first, _ := m.write(root, priority, false)
	parts := []string{first}
	for _, component := range rng.Perm(len(components)) {
		if members := components[component]; !slices.Contains(members, root) {
			text, _ := m.write(members[rng.IntN(len(members))], priority, false)
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ".")
}

// writeRanked writes each component in order of its ranks, beginning with the
// lowest, and sorts the texts. The order lists the atoms as they stand in the
// whole.
func (m *Molecule) writeRanked(rank []int) (text string, order []int) {
	type part struct {
		text  string
		order []int
	}
	var parts []part
	for _, members := range m.ComponentAtoms() {
		root := slices.MinFunc(members, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
		written, places := m.write(root, rank, true)
		parts = append(parts, part{written, places})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return strings.Compare(a.text, b.text) })
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.text
		order = append(order, p.order...)
	}
	return strings.Join(texts, "."), order
}

// write writes the component of root as SMILES, taking neighbours in order of
// priority; tidy moves short branches before long ones. The order lists the
// atoms as they stand in the text.
func (m *Molecule) write(root int, priority []int, tidy bool) (text string, order []int) {
	p := m.spanningTree(root, priority)
	if tidy {
		p.sortBranches(priority)
	}
	p.orderAtoms()
	p.assignDirections()
	w := &writer{spanningTree: p, numbers: map[int]int{}}
	w.atom(root)
	return w.text.String(), p.order
}

// writer turns a spanning tree into text.
type writer struct {
	*spanningTree
	text strings.Builder
	// numbers holds the ring numbers in use, by ring bond.
	numbers map[int]int
}

func (w *writer) atom(atom int) {
	w.text.WriteString(w.atomText(atom))
	w.ringNumbers(atom)
	children := w.children[atom]
	w.hydrogen(atom, len(children) > 0)
	for i, b := range children {
		last := i == len(children)-1
		if !last {
			w.text.WriteByte('(')
		}
		w.text.WriteString(w.bondText(b))
		w.atom(w.mol.bonds[b].Other(atom))
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
func (p *spanningTree) bondText(bond int) string {
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

// hydrogen writes the hydrogen that carries a direction, if the spanning tree
// has one.
func (w *writer) hydrogen(atom int, more bool) {
	up, ok := w.hydrogenUp[atom]
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
