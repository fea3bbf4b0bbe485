package structure

import "strings"

// Bounds of what is read.
const (
	maxText = 4 << 10
	maxRing = 100 // two digits
)

// atom is an atom other than hydrogen.
type atom struct {
	element  string
	aromatic bool
	bracket  bool
	// hydrogens are those of a bracket, and those that are bonded explicitly.
	hydrogens int
	charge    int
	bonds     []bond
}

// bond leads to another atom. A bond of a ring that is written as aromatic has
// order 1.
type bond struct{ to, order int }

// edge is a bond, seen from neither of its atoms.
type edge struct{ a, b, order int }

// link gives each atom its bonds.
func link(atoms []atom, edges []edge) {
	degree := make([]int, len(atoms))
	for _, e := range edges {
		degree[e.a]++
		degree[e.b]++
	}
	all := make([]bond, 2*len(edges))
	for i, n := range degree {
		atoms[i].bonds, all = all[:0:n], all[n:]
	}
	for _, e := range edges {
		atoms[e.a].bonds = append(atoms[e.a].bonds, bond{e.b, e.order})
		atoms[e.b].bonds = append(atoms[e.b].bonds, bond{e.a, e.order})
	}
}

// reader reads the SMILES of one molecule, as far as a key needs it: stereo,
// isotopes and atom maps are passed over, valences are not checked.
type reader struct {
	text  string
	at    int
	atoms []atom
	edges []edge
	last  int // the atom to bind to; -1 at the beginning of a fragment
	order int // of the next bond; 0 if it is not written
	open  []int
	rings map[int]ring
}

// ring is the first end of a ring bond.
type ring struct{ atom, order int }

// readSMILES returns the atoms of a SMILES. It reports whether the text is one.
func readSMILES(text string) ([]atom, bool) {
	if len(text) > maxText {
		return nil, false
	}
	r := reader{text: text, last: -1, atoms: make([]atom, 0, len(text)), edges: make([]edge, 0, len(text)), rings: map[int]ring{}}
	for r.at < len(text) {
		if !r.step() {
			return nil, false
		}
	}
	link(r.atoms, r.edges)
	return r.atoms, len(r.atoms) > 0 && len(r.open) == 0 && len(r.rings) == 0 && r.order == 0
}

// step reads the next symbol.
func (r *reader) step() bool {
	c := r.text[r.at]
	switch {
	case c == '[':
		return r.bracket()
	case c == '(' && r.last >= 0:
		r.open = append(r.open, r.last)
	case c == ')' && len(r.open) > 0:
		r.last = r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
	case c == '.' && r.order == 0:
		r.last = -1
	case strings.IndexByte(`-/\:~`, c) >= 0:
		return r.bondOf(1)
	case c == '=':
		return r.bondOf(2)
	case c == '#':
		return r.bondOf(3)
	case c == '$':
		return r.bondOf(4)
	case '0' <= c && c <= '9':
		return r.ring(int(c-'0'), 1)
	case c == '%':
		return r.longRing()
	default:
		return r.bare()
	}
	r.at++
	return true
}

// bondOf notes the order of the next bond.
func (r *reader) bondOf(order int) bool {
	if r.last < 0 || r.order != 0 {
		return false
	}
	r.order = order
	r.at++
	return true
}

// longRing reads %nn or %(nn).
func (r *reader) longRing() bool {
	digits, size := r.text[r.at+1:], 3
	if strings.HasPrefix(digits, "(") {
		digits, size = digits[1:], 5
	}
	if len(digits) < 2 || !isDigit(digits[0]) || !isDigit(digits[1]) || size == 5 && (len(digits) < 3 || digits[2] != ')') {
		return false
	}
	return r.ring(int(digits[0]-'0')*10+int(digits[1]-'0'), size)
}

// ring opens or closes a ring bond, whose number takes size bytes.
func (r *reader) ring(number, size int) bool {
	if r.last < 0 || number >= maxRing {
		return false
	}
	r.at += size
	first, opened := r.rings[number]
	if !opened {
		r.rings[number] = ring{r.last, r.order}
		r.order = 0
		return true
	}
	delete(r.rings, number)
	order := max(first.order, r.order)
	r.order = 0
	if first.atom == r.last {
		return false
	}
	r.edges = append(r.edges, edge{first.atom, r.last, max(order, 1)})
	return true
}

// bare reads an atom without brackets.
func (r *reader) bare() bool {
	rest := r.text[r.at:]
	size := 1
	if strings.HasPrefix(rest, "Cl") || strings.HasPrefix(rest, "Br") {
		size = 2
	}
	r.at += size
	switch c := rest[0]; c {
	case 'B', 'C', 'N', 'O', 'P', 'S', 'F', 'I':
		return r.add(atom{element: rest[:size]})
	case 'b', 'c', 'n', 'o', 'p', 's':
		return r.add(atom{element: strings.ToUpper(rest[:1]), aromatic: true})
	}
	return false
}

// add appends an atom, bound to the last.
func (r *reader) add(a atom) bool {
	r.atoms = append(r.atoms, a)
	added := len(r.atoms) - 1
	if r.last >= 0 {
		r.edges = append(r.edges, edge{r.last, added, max(r.order, 1)})
	}
	r.last, r.order = added, 0
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
