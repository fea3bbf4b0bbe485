package structure

import (
	"slices"
	"strings"
)

// inchiPrefix begins an InChI.
const inchiPrefix = "InChI="

// maxParts bounds the components of an InChI.
const maxParts = 16

// readInChI returns the atoms of an InChI: of its formula, and the layers /c
// for bonds and /h for hydrogens (Heller et al., InChI, the IUPAC International
// Chemical Identifier, J. Cheminform. 7, 23, 2015). A hydrogen whose place is
// left open goes to the first atom that may have it. It reports whether the
// text is one.
func readInChI(text string) ([]atom, bool) {
	layers := strings.Split(text, "/")
	if len(text) > maxText || len(layers) < 2 {
		return nil, false
	}
	formulas, ok := expand(layers[1], ".")
	if !ok {
		return nil, false
	}
	bonds := make([]string, len(formulas))
	hydrogens := make([]string, len(formulas))
	for _, layer := range layers[2:] {
		into := bonds
		switch {
		case strings.HasPrefix(layer, "h"):
			into = hydrogens
		case !strings.HasPrefix(layer, "c"):
			continue
		}
		parts, valid := expand(layer[1:], ";")
		if !valid || len(parts) > len(into) || into[0] != "" {
			continue // a layer of isotopes or of fixed hydrogens repeats an earlier one
		}
		copy(into, parts)
	}
	var atoms []atom
	var edges []edge
	for i, formula := range formulas {
		before := len(atoms)
		if atoms, ok = appendAtoms(atoms, formula); !ok {
			return nil, false
		}
		part := component{atoms[before:], before}
		if edges, ok = part.appendBonds(edges, bonds[i]); !ok || !part.addHydrogens(hydrogens[i]) {
			return nil, false
		}
	}
	link(atoms, edges)
	return atoms, len(atoms) > 0
}

// expand splits a layer by components, and repeats those with a factor: "2*1-2"
// in a layer, "2Na" in a formula.
func expand(layer, separator string) (parts []string, ok bool) {
	for part := range strings.SplitSeq(layer, separator) {
		count, rest := number(part)
		if after, found := strings.CutPrefix(rest, "*"); found {
			rest = after
		} else if separator == ";" {
			count, rest = 1, part
		}
		if count > maxParts || len(parts)+count > maxParts {
			return nil, false
		}
		parts = append(parts, slices.Repeat([]string{rest}, count)...)
	}
	return parts, true
}

// appendAtoms appends the atoms of a formula, without hydrogen.
func appendAtoms(atoms []atom, formula string) ([]atom, bool) {
	for formula != "" {
		symbol := elementAt(formula)
		if symbol == "" {
			return nil, false
		}
		count, rest := number(formula[len(symbol):])
		if formula = rest; symbol == "H" {
			continue
		}
		if len(atoms)+count > maxText {
			return nil, false
		}
		for range count {
			atoms = append(atoms, atom{element: symbol, bracket: true})
		}
	}
	return atoms, true
}

// component is a connected part of a molecule. Its layers number its atoms from
// 1, in the order of the formula.
type component struct {
	atoms  []atom
	before int // how many atoms the molecule has before it
}

// has reports whether the component has an atom of a number.
func (p component) has(number int) bool { return 0 < number && number <= len(p.atoms) }

// appendBonds reads bonds such as "1-4(2)7-8(3,5)6": each number is bound to
// the one before it, or before the parenthesis.
func (p component) appendBonds(edges []edge, text string) ([]edge, bool) {
	last := 0
	var open []int
	for text != "" {
		switch c := text[0]; {
		case isDigit(c):
			n, rest := number(text)
			if !p.has(n) || n == last {
				return nil, false
			}
			if last > 0 {
				edges = append(edges, edge{p.before + last - 1, p.before + n - 1, 1})
			}
			last, text = n, rest
			continue
		case c == '(' && last > 0:
			open = append(open, last)
		case c == ',' && len(open) > 0:
			last = open[len(open)-1]
		case c == ')' && len(open) > 0:
			last = open[len(open)-1]
			open = open[:len(open)-1]
		case c != '-' || last == 0:
			return nil, false
		}
		text = text[1:]
	}
	return edges, len(open) == 0
}

// addHydrogens reads hydrogens such as "2,4-5H,1H3,(H2,6,7)".
func (p component) addHydrogens(text string) bool {
	fixed, mobile, _ := strings.Cut(text, "(")
	var listed []int
	for item := range strings.SplitSeq(strings.TrimSuffix(fixed, ","), ",") {
		if item == "" {
			continue
		}
		places, count, ends := strings.Cut(item, "H")
		first, rest := number(places)
		last := first
		if after, found := strings.CutPrefix(rest, "-"); found {
			last, _ = number(after)
		}
		if !p.has(first) || !p.has(last) || len(listed) > len(p.atoms) {
			return false
		}
		for n := first; n <= last; n++ {
			listed = append(listed, n)
		}
		if ends {
			each, _ := number(count)
			for _, n := range listed {
				p.atoms[n-1].hydrogens = min(each, maxCharge)
			}
			listed = listed[:0]
		}
	}
	return len(listed) == 0 && p.addMobile(mobile)
}

// addMobile places hydrogens that several atoms may have: "H2,6,7)(H,8,9)".
func (p component) addMobile(text string) bool {
	for group := range strings.SplitSeq(text, "(") {
		count, places, found := strings.Cut(strings.TrimRight(group, "),"), ",")
		if !found {
			continue
		}
		left, _ := number(strings.TrimRight(strings.TrimPrefix(count, "H"), "-"))
		for place := range strings.SplitSeq(places, ",") {
			n, _ := number(place)
			if !p.has(n) {
				return false
			}
			if left > 0 {
				p.atoms[n-1].hydrogens++
				left--
			}
		}
	}
	return true
}
