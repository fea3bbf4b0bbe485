package chem

// electronMass is the mass of the electron in Da (CODATA 2022).
const electronMass = 0.000548579909

// Weight returns the average molecular weight in g/mol from the abridged
// standard atomic weights (CIAAW 2024). An atom with an isotope label counts
// with that isotope's mass; a wildcard counts nothing.
func (m *Molecule) Weight() float64 {
	return m.sumMasses(func(e Element) float64 { return elements[e].weight })
}

// MonoisotopicMass returns the mass in Da of the species made of the most
// abundant isotope of each element, labelled atoms with their own isotope, and
// corrected for the electrons lost or gained by a net charge.
func (m *Molecule) MonoisotopicMass() float64 {
	charge := 0
	for _, a := range m.atoms {
		charge += int(a.Charge)
	}
	return m.sumMasses(func(e Element) float64 { return elements[e].mono }) - float64(charge)*electronMass
}

func (m *Molecule) sumMasses(mass func(Element) float64) float64 {
	sum := 0.0
	for _, a := range m.atoms {
		sum += float64(a.Hydrogens) * mass(Hydrogen)
		if a.Isotope > 0 {
			sum += isotopeMass(a.Element, a.Isotope)
			continue
		}
		sum += mass(a.Element)
	}
	return sum
}

// MassShift returns by how many Da the isotope that an atom is labelled with
// outweighs its element's natural mixture, 0 for an atom without a label.
func (m *Molecule) MassShift(atom int) float64 {
	a := m.atoms[atom]
	if a.Isotope == 0 || a.Element == Wildcard {
		return 0
	}
	return isotopeMass(a.Element, a.Isotope) - elements[a.Element].weight
}

// nuclide names one isotope of one element.
type nuclide struct {
	element Element
	mass    uint16
}

// isotopeMass returns the mass in Da of an isotope. For a nuclide outside the
// table it returns the mass number, which is within 0.1 Da of the truth.
func isotopeMass(e Element, mass uint16) float64 {
	if m, ok := nuclideMasses[nuclide{e, mass}]; ok {
		return m
	}
	return float64(mass)
}

// nuclideMasses holds the isotopes (AME) used as labels in organic chemistry.
var nuclideMasses = map[nuclide]float64{
	{1, 1}:    1.007825032,
	{1, 2}:    2.014101778,
	{1, 3}:    3.016049278,
	{5, 10}:   10.012937,
	{5, 11}:   11.0093054,
	{5, 12}:   12.0143521,
	{5, 13}:   13.0177802,
	{5, 14}:   14.025404,
	{6, 11}:   11.0114336,
	{6, 12}:   12,
	{6, 13}:   13.00335484,
	{6, 14}:   14.00324199,
	{6, 15}:   15.0105993,
	{7, 12}:   12.0186132,
	{7, 13}:   13.00573861,
	{7, 14}:   14.003074,
	{7, 15}:   15.0001089,
	{7, 16}:   16.0061017,
	{8, 14}:   14.00859625,
	{8, 15}:   15.0030656,
	{8, 16}:   15.99491462,
	{8, 17}:   16.9991317,
	{8, 18}:   17.999161,
	{8, 19}:   19.00358,
	{9, 17}:   17.00209524,
	{9, 18}:   18.000938,
	{9, 19}:   18.99840322,
	{9, 20}:   19.99998132,
	{14, 28}:  27.97692653,
	{14, 29}:  28.9764947,
	{14, 30}:  29.97377017,
	{15, 30}:  29.9783138,
	{15, 31}:  30.97376163,
	{15, 32}:  31.97390727,
	{15, 33}:  32.9717255,
	{16, 32}:  31.972071,
	{16, 33}:  32.97145876,
	{16, 34}:  33.9678669,
	{16, 35}:  34.96903216,
	{16, 36}:  35.96708076,
	{17, 35}:  34.96885268,
	{17, 36}:  35.96830698,
	{17, 37}:  36.96590259,
	{34, 74}:  73.9224764,
	{34, 76}:  75.9192136,
	{34, 77}:  76.919914,
	{34, 78}:  77.9173091,
	{34, 80}:  79.9165213,
	{34, 82}:  81.9166994,
	{35, 76}:  75.924541,
	{35, 77}:  76.921379,
	{35, 79}:  78.9183371,
	{35, 81}:  80.9162906,
	{35, 82}:  81.9168041,
	{52, 120}: 119.90402,
	{52, 122}: 121.9030439,
	{52, 123}: 122.90427,
	{52, 124}: 123.9028179,
	{52, 125}: 124.9044307,
	{52, 126}: 125.9033117,
	{52, 128}: 127.9044631,
	{52, 130}: 129.9062244,
	{53, 123}: 122.905589,
	{53, 124}: 123.9062099,
	{53, 125}: 124.9046302,
	{53, 127}: 126.904473,
	{53, 129}: 128.904988,
	{53, 131}: 130.9061246,
}
