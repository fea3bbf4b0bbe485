package property

import "github.com/odordiff/odordiff/inference/chem"

// TPSA returns the topological polar surface area in Å²: the sum of what each
// nitrogen and oxygen adds according to its bonds, hydrogens and charge (Ertl,
// Rohde & Selzer, J. Med. Chem. 2000, 43, 3714, doi 10.1021/jm000942e). Sulfur
// and phosphorus add nothing, as in RDKit's default CalcTPSA.
func TPSA(m *chem.Molecule) float64 {
	sum := 0.0
	for i := range m.NumAtoms() {
		if e := m.Atom(i).Element; e == chem.Nitrogen || e == chem.Oxygen {
			sum += polarSurface(m, i)
		}
	}
	return sum
}

// surroundings are what the polar surface of an atom depends on.
type surroundings struct {
	element                          chem.Element
	hydrogens, charge                int
	single, double, triple, aromatic int
	inTriangle                       bool
}

func polarSurface(m *chem.Molecule, atom int) float64 {
	s := surroundingsOf(m, atom)
	if area, ok := polarSurfaces[s]; ok {
		return area
	}
	s.inTriangle = false
	if area, ok := polarSurfaces[s]; ok {
		return area
	}
	return s.fitted(m.HeavyDegree(atom))
}

func surroundingsOf(m *chem.Molecule, atom int) surroundings {
	a := m.Atom(atom)
	s := surroundings{element: a.Element, hydrogens: m.HydrogensOn(atom), charge: int(a.Charge)}
	for k := range m.Degree(atom) {
		b := m.Bond(m.BondAt(atom, k))
		switch {
		case m.Atom(b.Other(atom)).Element == chem.Hydrogen:
		case b.Aromatic:
			s.aromatic++
		case b.Order == 1:
			s.single++
		case b.Order == 2:
			s.double++
		case b.Order == 3:
			s.triple++
		}
	}
	s.inTriangle = m.InThreeMemberedRing(atom)
	return s
}

// fitted returns the area of an atom that the paper's table lacks, from the
// lines that its authors fitted to the table; never negative.
func (s surroundings) fitted(neighbours int) float64 {
	area := 30.5 - 8.2*float64(neighbours)
	if s.element == chem.Oxygen {
		area = 28.5 - 8.6*float64(neighbours)
	}
	return max(0, area+1.5*float64(s.hydrogens))
}

// polarSurfaces is table 1 of the paper.
var polarSurfaces = map[surroundings]float64{
	{element: chem.Nitrogen, triple: 1}:                                     23.79,
	{element: chem.Nitrogen, hydrogens: 1, double: 1}:                       23.85,
	{element: chem.Nitrogen, hydrogens: 2, single: 1}:                       26.02,
	{element: chem.Nitrogen, hydrogens: 2, charge: 1, double: 1}:            25.59,
	{element: chem.Nitrogen, hydrogens: 3, charge: 1, single: 1}:            27.64,
	{element: chem.Nitrogen, single: 1, double: 1}:                          12.36,
	{element: chem.Nitrogen, double: 1, triple: 1}:                          13.60,
	{element: chem.Nitrogen, hydrogens: 1, single: 2}:                       12.03,
	{element: chem.Nitrogen, hydrogens: 1, single: 2, inTriangle: true}:     21.94,
	{element: chem.Nitrogen, charge: 1, single: 1, triple: 1}:               4.36,
	{element: chem.Nitrogen, hydrogens: 1, charge: 1, single: 1, double: 1}: 13.97,
	{element: chem.Nitrogen, hydrogens: 2, charge: 1, single: 2}:            16.61,
	{element: chem.Nitrogen, aromatic: 2}:                                   12.89,
	{element: chem.Nitrogen, hydrogens: 1, aromatic: 2}:                     15.79,
	{element: chem.Nitrogen, hydrogens: 1, charge: 1, aromatic: 2}:          14.14,
	{element: chem.Nitrogen, single: 3}:                                     3.24,
	{element: chem.Nitrogen, single: 3, inTriangle: true}:                   3.01,
	{element: chem.Nitrogen, single: 1, double: 2}:                          11.68,
	{element: chem.Nitrogen, charge: 1, single: 2, double: 1}:               3.01,
	{element: chem.Nitrogen, hydrogens: 1, charge: 1, single: 3}:            4.44,
	{element: chem.Nitrogen, aromatic: 3}:                                   4.41,
	{element: chem.Nitrogen, single: 1, aromatic: 2}:                        4.93,
	{element: chem.Nitrogen, double: 1, aromatic: 2}:                        8.39,
	{element: chem.Nitrogen, charge: 1, aromatic: 3}:                        4.10,
	{element: chem.Nitrogen, charge: 1, single: 1, aromatic: 2}:             3.88,
	{element: chem.Nitrogen, charge: 1, single: 4}:                          0,
	{element: chem.Oxygen, double: 1}:                                       17.07,
	{element: chem.Oxygen, hydrogens: 1, single: 1}:                         20.23,
	{element: chem.Oxygen, charge: -1, single: 1}:                           23.06,
	{element: chem.Oxygen, single: 2}:                                       9.23,
	{element: chem.Oxygen, single: 2, inTriangle: true}:                     12.53,
	{element: chem.Oxygen, aromatic: 2}:                                     13.14,
}
