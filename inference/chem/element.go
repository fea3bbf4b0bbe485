package chem

import "strings"

// Element is an atomic number, 0 for the wildcard atom "*" and 1 to 118
// otherwise.
type Element uint8

// The elements that the package's own rules name.
const (
	Wildcard   Element = 0
	Hydrogen   Element = 1
	Boron      Element = 5
	Carbon     Element = 6
	Nitrogen   Element = 7
	Oxygen     Element = 8
	Fluorine   Element = 9
	Phosphorus Element = 15
	Sulfur     Element = 16
	Chlorine   Element = 17
	Arsenic    Element = 33
	Selenium   Element = 34
	Bromine    Element = 35
	Tellurium  Element = 52
	Iodine     Element = 53
)

// LastElement is the largest atomic number.
const LastElement Element = 118

// elementData is what the periodic table says about one element.
type elementData struct {
	symbol string
	// weight is the abridged standard atomic weight (CIAAW 2024); where an
	// element has no standard weight, the mass number of its longest-lived
	// isotope.
	weight float64
	// mono is the mass in Da of the most abundant isotope (AME), the
	// longest-lived one where none is stable.
	mono float64
	// valences are the normal valences of the neutral atom in rising order;
	// nil means that any valence is accepted (most metals).
	valences []int
	// outer is the number of outer-shell electrons.
	outer int
}

// String returns the element's symbol, "*" for the wildcard.
func (e Element) String() string { return elements[e].symbol }

// ElementBySymbol finds an element by its symbol, "Cl", or the wildcard by "*".
func ElementBySymbol(symbol string) (Element, bool) {
	e, ok := elementIndex[symbol]
	return e, ok
}

var elementIndex = func() map[string]Element {
	index := make(map[string]Element, len(elements))
	for number, data := range elements {
		index[data.symbol] = Element(number)
	}
	return index
}()

// ElementByAromaticSymbol finds an element by the lower-case symbol that SMILES
// gives its aromatic form.
func ElementByAromaticSymbol(symbol string) (Element, bool) {
	switch symbol {
	case "b", "c", "n", "o", "p", "s", "se", "as", "te", "si":
		return ElementBySymbol(strings.ToUpper(symbol[:1]) + symbol[1:])
	}
	return 0, false
}

// elements is indexed by atomic number.
var elements = [...]elementData{
	{"*", 0, 0, nil, 0},
	{"H", 1.008, 1.007825032, []int{1}, 1},
	{"He", 4.002602, 4.002603254, []int{0}, 2},
	{"Li", 6.94, 7.01600455, []int{1}, 1},
	{"Be", 9.0121831, 9.0121822, []int{2}, 2},
	{"B", 10.81, 11.0093054, []int{3}, 3},
	{"C", 12.011, 12, []int{4}, 4},
	{"N", 14.007, 14.003074, []int{3}, 5},
	{"O", 15.999, 15.99491462, []int{2}, 6},
	{"F", 18.998403162, 18.99840322, []int{1}, 7},
	{"Ne", 20.1797, 19.99244018, []int{0}, 8},
	{"Na", 22.98976928, 22.98976928, []int{1}, 1},
	{"Mg", 24.305, 23.9850417, nil, 2},
	{"Al", 26.9815384, 26.98153863, []int{3, 6}, 3},
	{"Si", 28.085, 27.97692653, []int{4, 6}, 4},
	{"P", 30.973761998, 30.97376163, []int{3, 5, 7}, 5},
	{"S", 32.06, 31.972071, []int{2, 4, 6}, 6},
	{"Cl", 35.45, 34.96885268, []int{1}, 7},
	{"Ar", 39.95, 39.96238312, []int{0}, 8},
	{"K", 39.0983, 38.96370668, []int{1}, 1},
	{"Ca", 40.078, 39.96259098, nil, 2},
	{"Sc", 44.955907, 44.9559119, nil, 3},
	{"Ti", 47.867, 47.9479463, nil, 4},
	{"V", 50.9415, 49.9471585, nil, 5},
	{"Cr", 51.9961, 51.9405075, nil, 6},
	{"Mn", 54.938043, 54.9380451, nil, 7},
	{"Fe", 55.845, 55.9349375, nil, 8},
	{"Co", 58.933194, 58.933195, nil, 9},
	{"Ni", 58.6934, 57.9353429, nil, 10},
	{"Cu", 63.546, 62.9295975, nil, 11},
	{"Zn", 65.38, 63.9291422, nil, 2},
	{"Ga", 69.723, 68.9255736, []int{3}, 3},
	{"Ge", 72.630, 73.9211778, []int{4}, 4},
	{"As", 74.921595, 74.9215965, []int{3, 5, 7}, 5},
	{"Se", 78.971, 79.9165213, []int{2, 4, 6}, 6},
	{"Br", 79.904, 78.9183371, []int{1}, 7},
	{"Kr", 83.798, 83.911507, []int{0}, 8},
	{"Rb", 85.4678, 84.91178974, []int{1}, 1},
	{"Sr", 87.62, 87.9056121, nil, 2},
	{"Y", 88.905838, 88.9058483, nil, 3},
	{"Zr", 91.222, 89.9047044, nil, 4},
	{"Nb", 92.90637, 92.9063781, nil, 5},
	{"Mo", 95.95, 97.9054082, nil, 6},
	{"Tc", 97, 96.906365, nil, 7},
	{"Ru", 101.07, 101.9043493, nil, 8},
	{"Rh", 102.90549, 102.905504, nil, 9},
	{"Pd", 106.42, 105.903486, nil, 10},
	{"Ag", 107.8682, 106.905097, nil, 11},
	{"Cd", 112.414, 113.9033585, nil, 2},
	{"In", 114.818, 114.903878, []int{3}, 3},
	{"Sn", 118.710, 119.9021947, []int{2, 4}, 4},
	{"Sb", 121.760, 120.9038157, []int{3, 5, 7}, 5},
	{"Te", 127.60, 129.9062244, []int{2, 4, 6}, 6},
	{"I", 126.90447, 126.904473, []int{1, 3, 5}, 7},
	{"Xe", 131.293, 131.9041535, []int{0, 2, 4, 6}, 8},
	{"Cs", 132.90545196, 132.9054519, []int{1}, 1},
	{"Ba", 137.327, 137.9052472, nil, 2},
	{"La", 138.90547, 138.9063533, nil, 3},
	{"Ce", 140.116, 139.9054387, nil, 4},
	{"Pr", 140.90766, 140.9076528, nil, 3},
	{"Nd", 144.242, 141.9077233, nil, 4},
	{"Pm", 145, 144.912749, nil, 5},
	{"Sm", 150.36, 151.9197324, nil, 6},
	{"Eu", 151.964, 152.9212303, nil, 7},
	{"Gd", 157.249, 157.9241039, nil, 8},
	{"Tb", 158.925354, 158.9253468, nil, 9},
	{"Dy", 162.500, 163.9291748, nil, 10},
	{"Ho", 164.930329, 164.9303221, nil, 11},
	{"Er", 167.259, 165.9302931, nil, 12},
	{"Tm", 168.934219, 168.9342133, nil, 13},
	{"Yb", 173.045, 173.9388621, nil, 14},
	{"Lu", 174.96669, 174.9407718, nil, 15},
	{"Hf", 178.486, 179.94655, nil, 4},
	{"Ta", 180.94788, 180.9479958, nil, 5},
	{"W", 183.84, 183.9509312, nil, 6},
	{"Re", 186.207, 186.9557531, nil, 7},
	{"Os", 190.23, 191.9614807, nil, 8},
	{"Ir", 192.217, 192.9629264, nil, 9},
	{"Pt", 195.084, 194.9647911, nil, 10},
	{"Au", 196.966570, 196.9665687, nil, 11},
	{"Hg", 200.592, 201.970643, nil, 2},
	{"Tl", 204.38, 204.9744275, []int{3}, 3},
	{"Pb", 207.2, 207.9766521, []int{2, 4}, 4},
	{"Bi", 208.98040, 208.9803987, []int{3, 5, 7}, 5},
	{"Po", 209, 208.9824304, []int{2, 4, 6}, 6},
	{"At", 210, 209.987148, []int{1, 3, 5}, 7},
	{"Rn", 222, 222.0175777, []int{0}, 8},
	{"Fr", 223, 223.0197359, []int{1}, 1},
	{"Ra", 226, 226.0254098, nil, 2},
	{"Ac", 227, 227.0277521, nil, 3},
	{"Th", 232.0377, 232.0380553, nil, 4},
	{"Pa", 231.03588, 231.035884, nil, 3},
	{"U", 238.02891, 238.0507882, nil, 4},
	{"Np", 237, 237.0481734, nil, 5},
	{"Pu", 244, 244.064204, nil, 6},
	{"Am", 243, 243.0613811, nil, 7},
	{"Cm", 247, 247.070354, nil, 8},
	{"Bk", 247, 247.070307, nil, 9},
	{"Cf", 251, 251.079587, nil, 10},
	{"Es", 252, 252.08298, nil, 11},
	{"Fm", 257, 257.095105, nil, 12},
	{"Md", 258, 258.098431, nil, 13},
	{"No", 259, 259.10103, nil, 14},
	{"Lr", 262, 262.10963, nil, 15},
	{"Rf", 267, 267.12153, nil, 2},
	{"Db", 268, 268, nil, 2},
	{"Sg", 269, 269, nil, 2},
	{"Bh", 270, 270, nil, 2},
	{"Hs", 269, 269, nil, 2},
	{"Mt", 278, 278, nil, 2},
	{"Ds", 281, 281.16206, nil, 2},
	{"Rg", 282, 282.16912, nil, 2},
	{"Cn", 285, 285.17712, nil, 2},
	{"Nh", 286, 286.18221, nil, 2},
	{"Fl", 289, 289.19042, nil, 2},
	{"Mc", 290, 290.19598, nil, 2},
	{"Lv", 293, 293.20449, nil, 2},
	{"Ts", 294, 294.21046, nil, 2},
	{"Og", 294, 294.21392, nil, 2},
}
