package grammar

import "github.com/odordiff/odordiff/inference/chem"

// kind is what a token is for.
type kind uint8

const (
	notSMILES kind = iota // no token of SMILES
	atomToken
	bondToken
	openToken
	closeToken
	ringToken
	dotToken
)

// token is all that the grammar knows of a token; tokens with equal values may
// stand for each other.
type token struct {
	kind kind
	// symbol is the character of a bond.
	symbol byte
	// number is a ring number.
	number uint8
	atom   atom
}

// anyValence is the valence of an atom that may have any: a metal, a wildcard.
const anyValence = 8

// atom is an atom before it has bonds.
type atom struct {
	aromatic bool
	pi       piNeed
	// free is the sum of bond orders that an aliphatic atom may have, or the
	// number of neighbours that an aromatic one may have.
	free int8
}

// piNeed tells when an aromatic atom must get a double bond in the Kekulé form.
type piNeed uint8

const (
	// noPi is an atom that needs none: o, s, [nH].
	noPi piNeed = iota
	// alwaysPi is one that does: c, [n+].
	alwaysPi
	// untilThird is one that does unless it has a third neighbour: n.
	untilThird
	// doubled is one that has it written as such, and must have as many
	// neighbours as it may: the c of O=c.
	doubled
)

// maxNeighbours is the most neighbours and hydrogens that an aromatic atom may
// have.
const maxNeighbours = 3

func bondOrder(symbol byte) int8 {
	switch symbol {
	case '=':
		return 2
	case '#':
		return 3
	case '$':
		return 4
	}
	return 1
}

// readToken finds out what a text means as a token.
func readToken(text string) (t token, ok bool) {
	switch {
	case text == "":
		return token{}, false
	case text == "(":
		return token{kind: openToken}, true
	case text == ")":
		return token{kind: closeToken}, true
	case text == ".":
		return token{kind: dotToken}, true
	case text[0] == '%' || isDigit(text[0]):
		number, ok := readNumber(text)
		return token{kind: ringToken, number: number}, ok
	}
	switch text {
	case "-", "=", "#", "$", "/", "\\", ":":
		return token{kind: bondToken, symbol: text[0]}, true
	}
	a, bracket, err := chem.ReadAtom(text)
	if err != nil {
		return token{}, false
	}
	return token{kind: atomToken, atom: newAtom(a, bracket)}, true
}

func readNumber(text string) (number uint8, ok bool) {
	switch {
	case len(text) == 1 && isDigit(text[0]):
		return text[0] - '0', true
	case len(text) == 3 && text[0] == '%' && isDigit(text[1]) && isDigit(text[2]):
		return (text[1]-'0')*10 + text[2] - '0', true
	}
	return 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func newAtom(a chem.Atom, bracket bool) atom {
	valences := chem.Valences(a.Element, int(a.Charge))
	hydrogens := int(a.Hydrogens)
	if a.Aromatic {
		return newAromaticAtom(a, bracket, valences, hydrogens)
	}
	if len(valences) == 0 {
		return atom{free: anyValence}
	}
	return atom{free: int8(max(valences[len(valences)-1]-hydrogens, 0))}
}

// newAromaticAtom follows chem's rule: an aromatic atom wants a double bond if
// its smallest valence exceeds its neighbours and hydrogens.
func newAromaticAtom(a chem.Atom, bracket bool, valences []int, hydrogens int) atom {
	if len(valences) == 0 {
		return atom{aromatic: true}
	}
	if a.Element == chem.Carbon && !bracket {
		// A bare carbon fills itself up with hydrogen, to three.
		return atom{aromatic: true, pi: alwaysPi, free: maxNeighbours}
	}
	smallest := valences[0]
	free := max(min(smallest, maxNeighbours)-hydrogens, 0)
	pi := noPi
	switch {
	case smallest > maxNeighbours:
		pi = alwaysPi
	case smallest == maxNeighbours && hydrogens == 0:
		pi = untilThird
	}
	return atom{aromatic: true, pi: pi, free: int8(free)}
}
