package chem

import (
	"slices"
	"strconv"
	"strings"
)

// atomText writes an atom, in brackets only where it needs them.
func (p *spanningTree) atomText(atom int) string {
	a := p.mol.atoms[atom]
	chirality := p.writtenChirality(atom)
	if chirality == Unspecified && p.mol.needsNoBrackets(atom) {
		return symbolText(a)
	}
	var text strings.Builder
	text.WriteByte('[')
	if a.Isotope > 0 {
		text.WriteString(strconv.Itoa(int(a.Isotope)))
	}
	text.WriteString(symbolText(a))
	text.WriteString([...]string{Unspecified: "", Counterclockwise: "@", Clockwise: "@@"}[chirality])
	hydrogens := int(a.Hydrogens)
	if _, ok := p.hydrogenUp[atom]; ok {
		hydrogens--
	}
	if hydrogens > 0 {
		text.WriteByte('H')
	}
	if hydrogens > 1 {
		text.WriteString(strconv.Itoa(hydrogens))
	}
	text.WriteString(chargeText(int(a.Charge)))
	if a.Class > 0 {
		text.WriteByte(':')
		text.WriteString(strconv.Itoa(int(a.Class)))
	}
	text.WriteByte(']')
	return text.String()
}

func symbolText(a Atom) string {
	if a.Aromatic {
		return strings.ToLower(a.Element.String())
	}
	return a.Element.String()
}

// needsNoBrackets reports whether an atom without stereo may be written without
// brackets: an organic-subset element whose implicit hydrogens come out right.
func (m *Molecule) needsNoBrackets(atom int) bool {
	a := m.atoms[atom]
	if a.Isotope > 0 || a.Charge != 0 || a.Class > 0 || !isOrganicSubset(a) {
		return false
	}
	sum := 0
	for _, i := range m.adjacent[atom] {
		if m.bonds[i].Aromatic {
			sum++
		} else {
			sum += int(m.bonds[i].Order)
		}
	}
	if a.Aromatic {
		return int(a.Hydrogens) == aromaticHydrogens(a.Element, sum)
	}
	hydrogens, ok := aliphaticHydrogens(a.Element, sum)
	return ok && int(a.Hydrogens) == hydrogens
}

func isOrganicSubset(a Atom) bool {
	switch a.Element.String() {
	case "B", "C", "N", "O", "P", "S":
		return true
	case "*", "F", "Cl", "Br", "I":
		return !a.Aromatic
	}
	return false
}

// writtenChirality is the mark of a centre for its neighbours as they are
// written: the atom before it, the hydrogen or lone pair, ring numbers,
// branches.
func (p *spanningTree) writtenChirality(atom int) Chirality {
	m := p.mol
	chirality := m.atoms[atom].Chirality
	if chirality == Unspecified {
		return Unspecified
	}
	var written []int
	if p.parent[atom] >= 0 {
		written = append(written, p.parent[atom])
	}
	written = append(append(written, p.closures[atom]...), p.children[atom]...)
	odd := m.implicitIsOdd(atom, p.parent[atom] >= 0, len(p.closures[atom]))
	for i, b := range written {
		for _, c := range written[:i] {
			if slices.Index(m.adjacent[atom], c) > slices.Index(m.adjacent[atom], b) {
				odd = !odd
			}
		}
	}
	if odd {
		return chirality.flipped()
	}
	return chirality
}
