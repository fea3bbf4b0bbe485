package smarts

import (
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
)

// largestCount is the largest number that a pattern may ask for.
const largestCount = 999

// primitive reads one question of a bracket atom.
func (p *parser) primitive() (atomQuery, error) {
	if q, width := leadingElement(p.text[p.pos:]); width > 0 {
		p.pos += width
		return q, nil
	}
	switch c := p.peek(); {
	case isDigit(c):
		return p.isotope()
	case c == '+' || c == '-':
		charge, err := p.charge()
		return chargeIs(charge), err
	case c == '#':
		return p.atomicNumber()
	case c == '$':
		return p.recursion()
	case c == '@':
		return atomQuery{}, syntaxErrorf(p.pos, "chirality is not supported")
	}
	if q, width := bareAtom(p.text[p.pos:]); width > 0 {
		p.pos += width
		return q, nil
	}
	return p.count()
}

// isotope reads a mass number and, as one question that "!" denies as a whole,
// the element or the count of hydrogens that follows at once.
func (p *parser) isotope() (atomQuery, error) {
	mass, ok := p.number()
	if !ok {
		return atomQuery{}, p.unexpected()
	}
	q := isotopeIs(mass)
	_, symbol := leadingElement(p.text[p.pos:])
	_, bare := bareAtom(p.text[p.pos:])
	if symbol == 0 && bare == 0 && p.peek() != '#' && p.peek() != 'H' {
		return q, nil
	}
	r, err := p.primitive()
	return q.and(r), err
}

// leadingElement recognises the longest element symbol; width is 0 if there is
// none. H, D, R and X alone are counts, and A and a are classes.
func leadingElement(text string) (q atomQuery, width int) {
	for width := min(2, len(text)); width > 0; width-- {
		symbol := text[:width]
		if e, ok := chem.ElementBySymbol(symbol); ok && symbol != "H" && symbol != "*" {
			return symbolQuery(e), width
		}
		if e, ok := chem.ElementByAromaticSymbol(symbol); ok {
			return formIs(e, true), width
		}
	}
	return atomQuery{}, 0
}

// symbolQuery is the meaning of a capitalised symbol: the aliphatic form of an
// element of the organic subset, any form of another one. So "[Se]" finds the
// selenium of selenophene, as in RDKit.
func symbolQuery(e chem.Element) atomQuery {
	switch e {
	case chem.Boron, chem.Carbon, chem.Nitrogen, chem.Oxygen, chem.Phosphorus, chem.Sulfur:
		return formIs(e, false)
	}
	return elementIs(e)
}

// number reads digits, or a zero alone; ok is false, and nothing read, if there
// are none or if the number is beyond largestCount.
func (p *parser) number() (value int, ok bool) {
	start := p.pos
	if p.accept('0') {
		return 0, true
	}
	for ; isDigit(p.peek()); p.pos++ {
		if value = value*10 + int(p.peek()-'0'); value > largestCount {
			p.pos = start
			return 0, false
		}
	}
	return value, p.pos > start
}

// charge reads "+", "-", "++", "--" and so on, or a sign with a number.
func (p *parser) charge() (int, error) {
	mark := p.peek()
	sign := 1
	if mark == '-' {
		sign = -1
	}
	p.pos++
	if isDigit(p.peek()) {
		value, ok := p.number()
		if !ok {
			return 0, p.unexpected()
		}
		return sign * value, nil
	}
	value := 1
	for p.accept(mark) {
		value++
	}
	return sign * value, nil
}

func (p *parser) atomicNumber() (atomQuery, error) {
	start := p.pos
	p.pos++
	value, ok := p.number()
	if !ok || value > int(chem.LastElement) {
		return atomQuery{}, syntaxErrorf(start, "'#' needs an atomic number from 0 to %d", chem.LastElement)
	}
	return elementIs(chem.Element(value)), nil
}

// recursion reads "$(pattern)", which asks whether the pattern is there with
// the atom as its first.
func (p *parser) recursion() (atomQuery, error) {
	p.pos++
	if !p.accept('(') {
		return atomQuery{}, p.unexpected()
	}
	if err := p.enter(); err != nil {
		return atomQuery{}, err
	}
	start := p.pos
	q, err := p.pattern()
	if err != nil {
		return atomQuery{}, err
	}
	inner := q.compile(p.text[start:p.pos])
	if !p.accept(')') {
		return atomQuery{}, p.unexpected()
	}
	p.depth--
	return atomQuery{
		func(t *Target, atom int) bool { return t.environment(inner, atom) },
		q.atoms[0].frequency / 2,
	}, nil
}

// count reads a letter and the number it asks for, 1 if none is written.
func (p *parser) count() (atomQuery, error) {
	letter, start := p.peek(), p.pos
	if !strings.ContainsRune("DXHhvRrx", rune(letter)) || letter == 0 {
		return atomQuery{}, p.unexpected()
	}
	p.pos++
	written := isDigit(p.peek())
	value, ok := p.number()
	if written && !ok {
		return atomQuery{}, syntaxErrorf(start, "a number above %d", largestCount)
	}
	if !written {
		return unwrittenCount(letter), nil
	}
	return countIs(letter, value), nil
}

// unwrittenCount is the meaning of a letter without a number: in a ring, with
// ring bonds, with folded hydrogens; for the other letters, exactly one.
func unwrittenCount(letter byte) atomQuery {
	switch letter {
	case 'R', 'r', 'x', 'h':
		return countIs(letter, 0).not()
	}
	return countIs(letter, 1)
}

func countIs(letter byte, n int) atomQuery {
	q := atomQuery{frequency: 0.4}
	switch letter {
	case 'D':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].degree() == n }
	case 'X':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].degree()+t.atoms[atom].folded == n }
	case 'H':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].hydrogens == n }
	case 'h':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].folded == n }
	case 'v':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].valence == n }
	case 'R':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].rings == n }
	case 'r':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].minRing == n }
	case 'x':
		q.test = func(t *Target, atom int) bool { return t.atoms[atom].ringBonds == n }
	}
	return q
}
