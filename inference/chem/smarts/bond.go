package smarts

import "github.com/odordiff/odordiff/inference/chem"

// bondSet is a set of kinds of bonds. A bond in a molecule is of one kind; what
// a pattern asks of a bond is the set of kinds that will do, which makes its
// logic that of sets.
type bondSet uint16

// The kinds outside rings. A kind in a ring is inRingShift bits higher.
const (
	single bondSet = 1 << iota
	double
	triple
	quadruple
	aromatic

	inRingShift = 5
	outside     = single | double | triple | quadruple | aromatic
	anyBond     = outside | outside<<inRingShift
)

// ringToo adds the same kinds in rings.
func (s bondSet) ringToo() bondSet { return s | s<<inRingShift }

// omitted is the meaning of a bond that is not written.
const omitted = (single | aromatic) | (single|aromatic)<<inRingShift

// kindOf returns the kind of a molecule's bond.
func kindOf(b chem.Bond) bondSet {
	kind := single << (b.Order - 1)
	if b.Aromatic {
		kind = aromatic
	}
	if b.InRing {
		kind <<= inRingShift
	}
	return kind
}

// bond reads what a pattern asks of a bond; written reports whether it says
// anything.
func (p *parser) bond() (set bondSet, written bool, err error) {
	if !startsBond(p.peek()) {
		return omitted, false, nil
	}
	set, err = p.bondLowAnd()
	return set, true, err
}

func (p *parser) bondLowAnd() (bondSet, error) {
	set, err := p.bondOr()
	for err == nil && p.accept(';') {
		var more bondSet
		more, err = p.bondOr()
		set &= more
	}
	return set, err
}

func (p *parser) bondOr() (bondSet, error) {
	set, err := p.bondAnd()
	for err == nil && p.accept(',') {
		var more bondSet
		more, err = p.bondAnd()
		set |= more
	}
	return set, err
}

func (p *parser) bondAnd() (bondSet, error) {
	set, err := p.bondNot()
	for err == nil {
		if !p.accept('&') && !startsBond(p.peek()) {
			break
		}
		var more bondSet
		more, err = p.bondNot()
		set &= more
	}
	return set, err
}

func (p *parser) bondNot() (bondSet, error) {
	negated := false
	for p.accept('!') {
		negated = !negated
	}
	set, ok := bondSymbol(p.peek())
	if !ok {
		return 0, p.unexpected()
	}
	p.pos++
	if negated {
		set = anyBond &^ set
	}
	return set, nil
}

// startsBond reports whether what is asked of a bond may begin with a byte.
func startsBond(c byte) bool {
	_, ok := bondSymbol(c)
	return ok || c == '!'
}

func bondSymbol(c byte) (bondSet, bool) {
	switch c {
	case '-', '/', '\\':
		return single.ringToo(), true
	case '=':
		return double.ringToo(), true
	case '#':
		return triple.ringToo(), true
	case '$':
		return quadruple.ringToo(), true
	case ':':
		return aromatic.ringToo(), true
	case '~':
		return anyBond, true
	case '@':
		return outside << inRingShift, true
	}
	return 0, false
}
