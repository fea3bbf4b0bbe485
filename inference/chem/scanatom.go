package chem

import "strings"

// organicAtom reads an atom of the organic subset, which needs no brackets.
func (s *scanner) organicAtom() error {
	for _, symbol := range [...]string{
		"Cl", "Br", "B", "C", "N", "O", "P", "S", "F", "I", "*",
	} {
		if strings.HasPrefix(s.text[s.pos:], symbol) {
			element, _ := ElementBySymbol(symbol)
			return s.addAtom(Atom{Element: element}, len(symbol), false)
		}
	}
	if strings.IndexByte("bcnops", s.text[s.pos]) >= 0 {
		element, _ := ElementByAromaticSymbol(s.text[s.pos : s.pos+1])
		return s.addAtom(Atom{Element: element, Aromatic: true}, 1, false)
	}
	return syntaxErrorf(s.pos, "unexpected %q", s.text[s.pos:s.pos+1])
}

// Bounds on what a bracket atom may say.
const (
	maxIsotope = 999
	maxCharge  = 15
	maxClass   = 9999
)

// bracketAtom reads "[" isotope? symbol chirality? hydrogens? charge? class?
// "]".
func (s *scanner) bracketAtom() error {
	end := strings.IndexByte(s.text[s.pos:], ']')
	if end < 0 {
		return syntaxErrorf(s.pos, "'[' is never closed")
	}
	r := &bracketReader{text: s.text[:s.pos+end], pos: s.pos + 1}
	atom, err := r.read()
	if err != nil {
		return err
	}
	return s.addAtom(atom, end+1, true)
}

// bracketReader reads the inside of one bracket; text ends before the "]".
type bracketReader struct {
	text string
	pos  int
	atom Atom
}

func (r *bracketReader) read() (Atom, error) {
	for _, part := range []func() error{
		r.isotope, r.symbol, r.chirality, r.hydrogens, r.charge, r.class,
	} {
		if err := part(); err != nil {
			return Atom{}, err
		}
	}
	if r.pos < len(r.text) {
		return Atom{}, syntaxErrorf(r.pos, "unexpected %q in a bracket atom", r.text[r.pos:r.pos+1])
	}
	return r.atom, nil
}

// accept consumes c if it is next.
func (r *bracketReader) accept(c byte) bool {
	if r.pos < len(r.text) && r.text[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

// number reads digits; digits is how many there were.
func (r *bracketReader) number(what string, most int) (value, digits int, err error) {
	start := r.pos
	for r.pos < len(r.text) && isDigit(r.text[r.pos]) {
		value = value*10 + int(r.text[r.pos]-'0')
		if value > most {
			return 0, 0, syntaxErrorf(start, "%s above %d", what, most)
		}
		r.pos++
	}
	return value, r.pos - start, nil
}

func (r *bracketReader) isotope() error {
	value, _, err := r.number("isotope", maxIsotope)
	r.atom.Isotope = uint16(value)
	return err
}

func (r *bracketReader) symbol() error {
	if r.accept('*') {
		return nil
	}
	for width := min(2, len(r.text)-r.pos); width > 0; width-- {
		symbol := r.text[r.pos : r.pos+width]
		if element, ok := ElementBySymbol(symbol); ok {
			r.atom.Element = element
			r.pos += width
			return nil
		}
		if element, ok := ElementByAromaticSymbol(symbol); ok {
			r.atom.Element, r.atom.Aromatic = element, true
			r.pos += width
			return nil
		}
	}
	return syntaxErrorf(r.pos, "no element symbol in a bracket atom")
}

func (r *bracketReader) chirality() error {
	start := r.pos
	if !r.accept('@') {
		return nil
	}
	r.atom.Chirality = Counterclockwise
	if r.accept('@') {
		r.atom.Chirality = Clockwise
		return nil
	}
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "TH1"):
		r.pos += 3
	case strings.HasPrefix(rest, "TH2"):
		r.atom.Chirality = Clockwise
		r.pos += 3
	case len(rest) >= 2 && isUpper(rest[0]) && isUpper(rest[1]):
		return syntaxErrorf(start, "chirality class @%s is not supported, only @, @@, @TH1 and @TH2", rest[:2])
	}
	return nil
}

func (r *bracketReader) hydrogens() error {
	if !r.accept('H') {
		return nil
	}
	value, digits, err := r.number("hydrogen count", 9)
	if digits == 0 {
		value = 1
	}
	r.atom.Hydrogens = uint8(value)
	return err
}

// charge reads "+", "-", "++", "--" and so on, or a sign with a number.
func (r *bracketReader) charge() error {
	sign, mark := 1, byte('+')
	if !r.accept('+') {
		if !r.accept('-') {
			return nil
		}
		sign, mark = -1, '-'
	}
	value, digits, err := r.number("charge", maxCharge)
	if err != nil {
		return err
	}
	if digits == 0 {
		for value = 1; r.accept(mark); value++ {
			if value == maxCharge {
				return syntaxErrorf(r.pos-1, "charge above %d", maxCharge)
			}
		}
	}
	r.atom.Charge = int8(sign * value)
	return nil
}

func (r *bracketReader) class() error {
	if !r.accept(':') {
		return nil
	}
	value, digits, err := r.number("atom class", maxClass)
	if err == nil && digits == 0 {
		err = syntaxErrorf(r.pos, "':' needs a number")
	}
	r.atom.Class = uint16(value)
	return err
}

// ReadAtom reads one atom as SMILES writes it, "C", "Cl", "c", "[nH]" or
// "[C@@H]", and nothing else. An unbracketed atom has no hydrogens yet: they
// depend on its bonds. The error is a *SyntaxError.
func ReadAtom(text string) (atom Atom, bracket bool, err error) {
	if text == "" {
		return Atom{}, false, syntaxErrorf(0, "empty text")
	}
	if len(text) > MaxLength {
		return Atom{}, false, syntaxErrorf(MaxLength, "text longer than the %d bytes allowed", MaxLength)
	}
	s := newScanner(text)
	read := s.organicAtom
	if text[0] == '[' {
		read = s.bracketAtom
	}
	if err := read(); err != nil {
		return Atom{}, false, err
	}
	if s.pos < len(text) {
		return Atom{}, false, syntaxErrorf(s.pos, "unexpected %q after the atom", text[s.pos:s.pos+1])
	}
	return s.draft.mol.atoms[0], text[0] == '[', nil
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
