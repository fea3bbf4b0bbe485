package smarts

import "github.com/odordiff/odordiff/inference/chem"

// atomQuery asks something of an atom.
type atomQuery struct {
	test atomTest
	// frequency guesses which part of all atoms passes, from 0 to 1.
	frequency float64
}

// atomTest reports whether an atom of a target will do.
type atomTest func(t *Target, atom int) bool

func (q atomQuery) and(r atomQuery) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool { return q.test(t, atom) && r.test(t, atom) },
		q.frequency * r.frequency,
	}
}

func (q atomQuery) or(r atomQuery) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool { return q.test(t, atom) || r.test(t, atom) },
		min(1, q.frequency+r.frequency),
	}
}

func (q atomQuery) not() atomQuery {
	return atomQuery{func(t *Target, atom int) bool { return !q.test(t, atom) }, 1 - q.frequency}
}

// startsAtom reports whether an atom may begin with a byte.
func startsAtom(c byte) bool {
	return c == '[' || c == '*' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// atomQuery reads an atom, in brackets or not.
func (p *parser) atomQuery() (atomQuery, error) {
	if p.accept('[') {
		return p.bracket()
	}
	if q, width := bareAtom(p.text[p.pos:]); width > 0 {
		p.pos += width
		return q, nil
	}
	return atomQuery{}, p.unexpected()
}

// bareAtom recognises the atoms that need no brackets; width is 0 if there is
// none.
func bareAtom(text string) (q atomQuery, width int) {
	if len(text) == 0 {
		return atomQuery{}, 0
	}
	if len(text) > 1 {
		switch text[:2] {
		case "Cl", "Br":
			e, _ := chem.ElementBySymbol(text[:2])
			return formIs(e, false), 2
		}
	}
	switch c := text[0]; c {
	case '*':
		return anyAtom, 1
	case 'a':
		return aromaticAtom, 1
	case 'A':
		return aromaticAtom.not(), 1
	case 'B', 'C', 'N', 'O', 'P', 'S', 'F', 'I':
		e, _ := chem.ElementBySymbol(text[:1])
		return formIs(e, false), 1
	case 'b', 'c', 'n', 'o', 'p', 's':
		e, _ := chem.ElementBySymbol(string(c - 'a' + 'A'))
		return formIs(e, true), 1
	}
	return atomQuery{}, 0
}

// bracket reads the inside of a bracket atom, whose "[" is behind.
func (p *parser) bracket() (atomQuery, error) {
	q, ok, err := p.hydrogenAtom()
	if err == nil && !ok {
		q, err = p.atomLowAnd()
	}
	if err != nil {
		return atomQuery{}, err
	}
	if p.accept(':') {
		if _, ok := p.number(); !ok {
			return atomQuery{}, syntaxErrorf(p.pos, "':' needs a number")
		}
	}
	if !p.accept(']') {
		return atomQuery{}, p.unexpected()
	}
	return q, nil
}

// hydrogenAtom reads what stands for a hydrogen itself rather than for a count
// of them: H alone in its bracket, with no more than an isotope, a charge and a
// map number. Anything else leaves the parser where it was.
func (p *parser) hydrogenAtom() (q atomQuery, ok bool, err error) {
	start := p.pos
	q = elementIs(chem.Hydrogen)
	if mass, ok := p.number(); ok {
		q = q.and(isotopeIs(mass))
	}
	if p.accept('H') {
		if c := p.peek(); c == '+' || c == '-' {
			charge, err := p.charge()
			if err != nil {
				return atomQuery{}, false, err
			}
			q = q.and(chargeIs(charge))
		}
		if c := p.peek(); c == ']' || c == ':' {
			return q, true, nil
		}
	}
	p.pos = start
	return atomQuery{}, false, nil
}

func (p *parser) atomLowAnd() (atomQuery, error) {
	q, err := p.atomOr()
	for err == nil && p.accept(';') {
		var r atomQuery
		r, err = p.atomOr()
		q = q.and(r)
	}
	return q, err
}

func (p *parser) atomOr() (atomQuery, error) {
	q, err := p.atomAnd()
	for err == nil && p.accept(',') {
		var r atomQuery
		r, err = p.atomAnd()
		q = q.or(r)
	}
	return q, err
}

func (p *parser) atomAnd() (atomQuery, error) {
	q, err := p.atomNot()
	for err == nil {
		switch c := p.peek(); c {
		case ';', ',', ']', ':', 0:
			return q, nil
		case '&':
			p.pos++
		}
		var r atomQuery
		r, err = p.atomNot()
		q = q.and(r)
	}
	return q, err
}

func (p *parser) atomNot() (atomQuery, error) {
	negated := false
	for p.accept('!') {
		negated = !negated
	}
	q, err := p.primitive()
	if err == nil && negated {
		q = q.not()
	}
	return q, err
}

var (
	anyAtom      = atomQuery{func(*Target, int) bool { return true }, 1}
	aromaticAtom = atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].aromatic }, 0.3}
)

// elementIs asks for an element in any form.
func elementIs(e chem.Element) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool { return t.atoms[atom].element == e },
		frequencyOf(e),
	}
}

// formIs asks for an element in its aromatic or its aliphatic form.
func formIs(e chem.Element, isAromatic bool) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool {
			a := &t.atoms[atom]
			return a.element == e && a.aromatic == isAromatic
		},
		frequencyOf(e) / 2,
	}
}

// isotopeIs asks for a mass number, 0 for the natural mixture.
func isotopeIs(mass int) atomQuery {
	return atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].isotope == mass }, 0.01}
}

func chargeIs(charge int) atomQuery {
	q := atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].charge == charge }, 0.02}
	if charge == 0 {
		q.frequency = 0.98
	}
	return q
}

// frequencyOf guesses which part of the heavy atoms of organic molecules an
// element has. It steers the order of search alone.
func frequencyOf(e chem.Element) float64 {
	switch e {
	case chem.Carbon:
		return 0.75
	case chem.Oxygen:
		return 0.15
	case chem.Nitrogen:
		return 0.1
	}
	return 0.02
}
