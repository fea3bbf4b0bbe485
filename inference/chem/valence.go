package chem

import "slices"

// Valences returns the valences that an atom of an element and charge may show,
// in rising order, as RDKit has them; nil means any, and a negative one that
// the element cannot have the charge.
func Valences(e Element, charge int) []int {
	return slices.Clone(allowedValences(e, charge))
}

// allowedValences returns the valences that an atom of this element and charge
// may show, in rising order; nil means any, and a negative one that the element
// cannot have the charge.
func allowedValences(e Element, charge int) []int {
	normal := elements[e].valences
	if len(normal) == 0 || charge == 0 {
		return normal
	}
	shifted := make([]int, 0, len(normal))
	for _, v := range normal {
		if v += valenceShift(e, charge); v >= 0 {
			shifted = append(shifted, v)
		}
	}
	if len(shifted) == 0 {
		return impossible
	}
	return shifted
}

// smallestValence returns the smallest valence of an element and charge that is
// not below the one used already; ok is false if there is none, or if the
// element may have any valence.
func smallestValence(e Element, charge, used int) (valence int, ok bool) {
	for _, v := range allowedValences(e, charge) {
		if v >= used {
			return v, true
		}
	}
	return 0, false
}

// impossible stands for the valences of an element with a charge beyond it.
var impossible = []int{-1}

// valenceShift is how a charge changes an element's valence. A charged atom
// binds like its neighbour in the periodic table: N+ like C, O- like F, B- like
// C. A carbocation has lost a bond instead, and so has a carbanion.
func valenceShift(e Element, charge int) int {
	switch outer := elements[e].outer; {
	case outer <= 3:
		return -charge
	case outer == 4:
		return -max(charge, -charge)
	}
	return charge
}

// aliphaticHydrogens returns the hydrogens that an unbracketed atom takes on to
// reach the smallest normal valence not below its bonds; ok is false when its
// bonds exceed them all.
func aliphaticHydrogens(e Element, orderSum int) (hydrogens int, ok bool) {
	if e == Wildcard {
		return 0, true
	}
	v, ok := smallestValence(e, 0, orderSum)
	return v - orderSum, ok
}

// aromaticHydrogens is the same for an unbracketed aromatic atom, whose
// aromatic bonds count one each: only carbon takes a hydrogen unasked.
func aromaticHydrogens(e Element, orderSum int) int {
	if e == Carbon && orderSum < 3 {
		return 3 - orderSum
	}
	return 0
}

// fillHydrogens adds the implicit hydrogens of the unbracketed atoms.
func (d *draft) fillHydrogens() error {
	m := d.mol
	for i := range m.atoms {
		a := &m.atoms[i]
		sum := m.orderSum(i)
		switch {
		case d.atoms[i].bracket:
		case a.Aromatic:
			a.Hydrogens = uint8(aromaticHydrogens(a.Element, sum))
		default:
			hydrogens, ok := aliphaticHydrogens(a.Element, sum)
			if !ok {
				return d.tooManyBonds(i, sum)
			}
			a.Hydrogens = uint8(hydrogens)
		}
	}
	return nil
}

// checkValences refuses atoms with more bonds than their element and charge
// allow. Fewer are accepted: a bracket atom may be a radical.
func (d *draft) checkValences() error {
	for i := range d.mol.atoms {
		if !d.mol.isAllowed(i) {
			return d.tooManyBonds(i, d.mol.Valence(i))
		}
	}
	return nil
}

func (d *draft) tooManyBonds(atom, valence int) error {
	a := d.mol.atoms[atom]
	allowed := allowedValences(a.Element, int(a.Charge))
	if allowed[0] < 0 {
		return d.valenceError(atom, "charge %d is beyond the element", a.Charge)
	}
	return d.valenceError(atom, "valence %d is above the %d allowed for charge %d",
		valence, allowed[len(allowed)-1], a.Charge)
}

// RadicalElectrons returns the number of unpaired electrons that the bonds of
// an atom leave over.
func (m *Molecule) RadicalElectrons(atom int) int {
	a, used := m.atoms[atom], m.Valence(atom)
	if v, ok := smallestValence(a.Element, int(a.Charge), used); ok {
		return v - used
	}
	return 0
}
