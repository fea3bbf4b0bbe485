package safety

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
)

// census counts what a molecule is made of. Most alerts need an element that
// most molecules lack, so it saves most searches.
type census struct {
	elements [chem.LastElement + 1]int
	halogens int
	rare     int // atoms of elements that odorants hardly have
	rings    int
}

func newCensus(m *chem.Molecule) *census {
	c := &census{rings: m.Rings()}
	for atom := range m.NumAtoms() {
		e := m.Atom(atom).Element
		c.elements[e]++
		switch {
		case isHalogen(e):
			c.halogens++
		case !isOrganic(e):
			c.rare++
		}
	}
	return c
}

// isHalogen reports whether an element is fluorine, chlorine, bromine or
// iodine.
func isHalogen(e chem.Element) bool {
	return e == chem.Fluorine || e == chem.Chlorine || e == chem.Bromine || e == chem.Iodine
}

// isOrganic reports whether an element is one of hydrogen, carbon, nitrogen,
// oxygen, phosphorus and sulfur.
func isOrganic(e chem.Element) bool {
	switch e {
	case chem.Hydrogen, chem.Carbon, chem.Nitrogen, chem.Oxygen, chem.Phosphorus, chem.Sulfur:
		return true
	}
	return false
}

// requirement is what a molecule needs at least to match a pattern.
type requirement struct {
	elements              []elementCount
	halogens, rare, rings int
}

type elementCount struct {
	element chem.Element
	count   int
}

// meets reports whether a molecule has at least what a pattern needs.
func (c *census) meets(r requirement) bool {
	for _, e := range r.elements {
		if c.elements[e.element] < e.count {
			return false
		}
	}
	return c.halogens >= r.halogens && c.rare >= r.rare && c.rings >= r.rings
}

// parseRequirement reads words such as "C4 N O2 hal ring2": least numbers of
// atoms of elements, of halogens, of elements beyond those and H, C, N, O, P
// and S ("rare"), and of independent rings, one where none is written; "-" is
// nothing.
func parseRequirement(text string) (requirement, error) {
	var r requirement
	if text == "-" {
		return r, nil
	}
	for word := range strings.FieldsSeq(text) {
		name := strings.TrimRight(word, "0123456789")
		count := 1
		if digits := word[len(name):]; digits != "" {
			count, _ = strconv.Atoi(digits)
		}
		switch name {
		case "hal":
			r.halogens = count
		case "rare":
			r.rare = count
		case "ring":
			r.rings = count
		default:
			e, ok := chem.ElementBySymbol(name)
			if !ok || e == chem.Wildcard {
				return requirement{}, fmt.Errorf("requirement %q: no element %q", text, name)
			}
			r.elements = append(r.elements, elementCount{e, count})
		}
	}
	return r, nil
}
