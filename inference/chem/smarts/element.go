package smarts

import "github.com/odordiff/odordiff/inference/chem"

// lastElement is the largest atomic number.
const lastElement = 118

var elementIndex = func() map[string]chem.Element {
	index := make(map[string]chem.Element, lastElement+1)
	for e := chem.Wildcard; e <= lastElement; e++ {
		index[e.String()] = e
	}
	return index
}()

func elementBySymbol(symbol string) (chem.Element, bool) {
	e, ok := elementIndex[symbol]
	return e, ok
}

var (
	anyAtom      = atomQuery{func(*Target, int) bool { return true }, 1}
	aromaticAtom = atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].aromatic }, 0.3}
)

// elementIs asks for an element in any form.
func elementIs(e chem.Element) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool { return t.atoms[atom].element == e },
		shareOf(e),
	}
}

// formIs asks for an element in its aromatic or its aliphatic form.
func formIs(e chem.Element, isAromatic bool) atomQuery {
	return atomQuery{
		func(t *Target, atom int) bool {
			a := &t.atoms[atom]
			return a.element == e && a.aromatic == isAromatic
		},
		shareOf(e) / 2,
	}
}

// isotopeIs asks for a mass number, 0 for the natural mixture.
func isotopeIs(mass int) atomQuery {
	return atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].isotope == mass }, 0.01}
}

func chargeIs(charge int) atomQuery {
	q := atomQuery{func(t *Target, atom int) bool { return t.atoms[atom].charge == charge }, 0.02}
	if charge == 0 {
		q.share = 0.98
	}
	return q
}

// shareOf guesses which part of the heavy atoms of organic molecules an element
// has. It steers the order of search alone.
func shareOf(e chem.Element) float64 {
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
