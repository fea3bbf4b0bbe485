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

// reader reads the SMILES of one molecule, as far as a key needs it: stereo,
// isotopes and atom maps are passed over, valences are not checked.
type reader struct {
	text  string
	at    int
	atoms []atom
	last  int // the atom to bind to; -1 at the beginning of a fragment
	order int // of the next bond; 0 if it is not written
	open  []int
	rings map[int]ring
}

// ring is the first end of a ring bond.
type ring struct{ atom, order int }

// read returns the atoms of a SMILES. It reports whether the text is one.
func read(text string) ([]atom, bool) {
	r := reader{text: text, last: -1, rings: map[int]ring{}}
	if len(text) > maxText {
		return nil, false
	}
	for r.at < len(text) {
		if !r.step() {
			return nil, false
		}
	}
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
	r.bind(first.atom, r.last, max(order, 1))
	return true
}

// bare reads an atom without brackets.
func (r *reader) bare() bool {
	rest := r.text[r.at:]
	for _, element := range []string{"Cl", "Br", "B", "C", "N", "O", "P", "S", "F", "I"} {
		if strings.HasPrefix(rest, element) {
			r.at += len(element)
			return r.add(atom{element: element})
		}
	}
	if strings.IndexByte("bcnops", rest[0]) < 0 {
		return false
	}
	r.at++
	return r.add(atom{element: strings.ToUpper(rest[:1]), aromatic: true})
}

// add appends an atom, bound to the last.
func (r *reader) add(a atom) bool {
	r.atoms = append(r.atoms, a)
	added := len(r.atoms) - 1
	if r.last >= 0 {
		r.bind(r.last, added, max(r.order, 1))
	}
	r.last, r.order = added, 0
	return true
}

func (r *reader) bind(a, b, order int) {
	r.atoms[a].bonds = append(r.atoms[a].bonds, bond{b, order})
	r.atoms[b].bonds = append(r.atoms[b].bonds, bond{a, order})
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
