package pattern

import "strings"

// smilesStart holds the characters that a SMILES begins with.
var smilesStart = func() (table [256]bool) {
	for _, c := range []byte("BCNOPSFIcnos[") {
		table[c] = true
	}
	return table
}()

// mayFollow holds the characters that may be the second of a SMILES.
var mayFollow = func() (table [256]bool) {
	for _, c := range []byte("BCNOPSFIHclnosprb[(=#/\\-.0123456789%@+") {
		table[c] = true
	}
	return table
}()

// smilesReader reads a SMILES (Weininger, SMILES, J. Chem. Inf. Comput. Sci.
// 28, 1988) as far as to say that a text is one: atoms, bonds, branches that
// are closed, and rings that are.
type smilesReader struct {
	text                    string
	pos                     int
	depth                   int
	atoms, carbons          int
	aromatic, bonds, marks  int    // bonds that are written; brackets and branches
	rings                   uint64 // that are open, one bit each
	ringed, atomLast, plain bool
}

// smiles looks at a token that may be a SMILES, and returns where it ends.
func (s *scanner) smiles(i int) int {
	r := smilesReader{text: s.text, pos: i, plain: true}
	for r.step() {
	}
	end := r.pos
	for end > i && (s.text[end-1] == '.' || s.text[end-1] == ')' && r.depth < 0) {
		end--
	}
	s.token = max(s.token, end)
	if end < len(s.text) && (isWord(s.text[end]) || strings.IndexByte("{}<>&*'^@$%", s.text[end]) >= 0) || !r.isMolecule(s.text[i:end]) {
		return i
	}
	return end
}

// isMolecule reports whether what was read has what a SMILES has and a word has
// not.
func (r *smilesReader) isMolecule(text string) bool {
	if r.depth != 0 || r.rings != 0 || !r.atomLast || r.carbons == 0 && r.marks == 0 || r.aromatic > 0 && !r.ringed {
		return false
	}
	switch {
	case r.ringed:
		return r.atoms >= 3
	case r.bonds > 0:
		return r.atoms >= 2 && len(text) >= 3
	case r.marks > 0:
		return r.atoms >= 3 && len(text) > 4 || strings.IndexByte(text, '[') >= 0 && r.bracketed(text)
	}
	switch {
	case !r.plain || r.atoms < 3:
		return false
	case len(text) > r.atoms: // chlorine or bromine
		return true
	case r.atoms > 4 && !strings.ContainsAny(text, "OI"): // no vowels
		return true
	}
	return strings.Contains(text, "CC") && (r.atoms > 3 || text == "CCO")
}

// bracketed reports whether an atom in brackets has a charge, a mass or a
// parity, which a note in brackets has not.
func (r *smilesReader) bracketed(text string) bool {
	return strings.ContainsAny(text, "+@") || strings.Contains(text, "-]") || strings.Contains(text, "H]") || strings.Contains(text, "[1") && r.atoms > 1
}

// step reads one character, and reports whether it belongs to a SMILES.
func (r *smilesReader) step() bool {
	if r.pos >= len(r.text) {
		return false
	}
	c := r.text[r.pos]
	switch {
	case c == '[':
		return r.bracket()
	case isLetter(c):
		return r.atom(c)
	case !r.atomLast && r.atoms == 0:
		return false
	case c == '(':
		if r.pos+1 >= len(r.text) || !r.begins(r.text[r.pos+1]) {
			return false
		}
		r.depth++
		r.marks++
	case c == ')':
		if r.depth == 0 || !r.atomLast {
			return false
		}
		r.depth--
	case isDigit(c), c == '%':
		return r.ring(c)
	case strings.IndexByte("=#$/\\-:", c) >= 0:
		if r.pos+1 >= len(r.text) || !r.begins(r.text[r.pos+1]) && !isDigit(r.text[r.pos+1]) || !r.atomLast && r.text[r.pos-1] != '(' {
			return false
		}
		if c == '=' || c == '#' {
			r.bonds++
		}
		r.atomLast = false
		r.plain = false
	case c == '.':
		if r.pos+1 >= len(r.text) || !r.begins(r.text[r.pos+1]) || r.depth != 0 {
			return false
		}
		r.atomLast = false
	default:
		return false
	}
	r.pos++
	return true
}

// begins reports whether an atom or a bond may begin with a character.
func (r *smilesReader) begins(c byte) bool {
	return smilesStart[c] || strings.IndexByte("=#/\\-pb", c) >= 0
}

// atom reads an atom that stands without brackets.
func (r *smilesReader) atom(c byte) bool {
	next := byte(0)
	if r.pos+1 < len(r.text) {
		next = r.text[r.pos+1]
	}
	switch {
	case c == 'C' && next == 'l', c == 'B' && next == 'r':
		r.pos++
	case c == 'C':
		r.carbons++
	case strings.IndexByte("BNOPSFI", c) >= 0:
	case c == 'c':
		r.carbons++
		r.aromatic++
	case strings.IndexByte("nosp", c) >= 0:
		r.aromatic++
	default:
		return false
	}
	r.pos++
	r.atoms++
	r.atomLast = true
	return true
}

// bracket reads an atom in brackets: a mass, the sign of an element, a parity,
// hydrogens, a charge and a class.
func (r *smilesReader) bracket() bool {
	end := strings.IndexByte(r.text[r.pos:min(r.pos+16, len(r.text))], ']')
	if end < 2 {
		return false
	}
	inside := r.text[r.pos+1 : r.pos+end]
	i := 0
	for i < len(inside) && isDigit(inside[i]) {
		i++
	}
	n := elementIn(inside[i:])
	if n == 0 {
		return false
	}
	if inside[i] == 'C' && n == 1 || inside[i] == 'c' {
		r.carbons++
	}
	for i += n; i < len(inside); i++ {
		if strings.IndexByte("@H+-:0123456789", inside[i]) < 0 {
			return false
		}
	}
	r.pos += end + 1
	r.atoms++
	r.marks++
	r.atomLast = true
	return true
}

// elementIn returns how long the sign of an element is at the beginning of a
// text; an aromatic one has a small letter.
func elementIn(text string) int {
	switch {
	case text == "":
		return 0
	case len(text) > 1 && isElement[int(text[0])<<8|int(text[1])]:
		return 2
	case isElement[int(text[0])<<8]:
		return 1
	case strings.IndexByte("cnosp", text[0]) >= 0:
		return 1
	case strings.HasPrefix(text, "se"), strings.HasPrefix(text, "as"):
		return 2
	}
	return 0
}

// ring reads the number of a ring, which opens or closes it.
func (r *smilesReader) ring(c byte) bool {
	if !r.atomLast && !strings.ContainsRune("=#-/\\", rune(r.text[r.pos-1])) {
		return false
	}
	n, size := int(c-'0'), 1
	if c == '%' {
		if r.pos+2 >= len(r.text) || !isDigit(r.text[r.pos+1]) || !isDigit(r.text[r.pos+2]) {
			return false
		}
		n, size = int(r.text[r.pos+1]-'0')*10+int(r.text[r.pos+2]-'0'), 3
	}
	if n >= 64 {
		return false
	}
	bit := uint64(1) << n
	if r.rings&bit != 0 {
		r.ringed = true
	}
	r.rings ^= bit
	r.pos += size
	r.atomLast = true
	return true
}
