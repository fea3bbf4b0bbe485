package depict

import (
	"strconv"

	"github.com/odordiff/odordiff/inference/chem"
)

// Sizes of text, in bond lengths and, where it says so, in font sizes. They are
// those of the ACS 1996 style: 10 pt letters on 14.4 pt bonds.
const (
	fontSize    = 10 / 14.4
	capHeight   = 0.716 // font sizes
	smallSize   = 0.72  // of sub- and superscripts, in font sizes
	lowered     = -0.22 // font sizes, to the baseline
	raised      = 0.42  // font sizes, to the baseline
	labelMargin = 0.09  // kept free between letters and bonds
)

// label is the text at an atom.
type label struct {
	atom   int
	pieces []piece
	colour string
}

// piece is a run of text in one size, placed from its left end and baseline.
type piece struct {
	text  string
	at    complex128
	small bool
}

func (p piece) size() float64 {
	if p.small {
		return fontSize * smallSize
	}
	return fontSize
}

func (p piece) width() float64 { return textWidth(p.text) * p.size() }

// box returns the lower left and upper right corners of the ink of a piece.
func (p piece) box() (low, high complex128) {
	return p.at, p.at + complex(p.width(), capHeight*p.size())
}

// side is where the hydrogens of a label stand.
type side uint8

const (
	rightSide side = iota
	leftSide
	topSide
	bottomSide
)

// labels returns the labels of a drawing: those of all atoms except plain
// carbons with neighbours.
func (d *Drawing) labels() []label {
	var found []label
	for i := range d.Points {
		if d.hasLabel(i) {
			found = append(found, d.label(i))
		}
	}
	for _, h := range d.Hydrogens {
		found = append(found, label{atom: -1, pieces: centred("H", complex(h.Point.X, h.Point.Y)), colour: ink})
	}
	return found
}

// hasLabel reports whether an atom is written out.
func (d *Drawing) hasLabel(atom int) bool {
	a := d.mol.Atom(atom)
	return a.Element != chem.Carbon || a.Charge != 0 || a.Isotope != 0 || a.Class != 0 ||
		d.mol.Degree(atom) == 0 || d.mol.RadicalElectrons(atom) > 0 || d.isCumulated(atom)
}

// isCumulated reports whether an atom is between two double bonds. Its letter
// separates their lines, which would otherwise look like one long bond.
func (d *Drawing) isCumulated(atom int) bool {
	doubles := 0
	for k := range d.mol.Degree(atom) {
		if d.mol.Bond(d.mol.BondAt(atom, k)).Order == 2 {
			doubles++
		}
	}
	return doubles > 1
}

func (d *Drawing) label(atom int) label {
	a := d.mol.Atom(atom)
	l := label{atom: atom, colour: ink}
	if colour, ok := elementColours[a.Element]; ok {
		l.colour = colour
	}
	symbol := centred(a.Element.String(), d.at(atom))
	left, right := symbol[0].at, symbol[0].at+complex(symbol[0].width(), 0)
	l.pieces = symbol
	if text := isotopeText(a); text != "" {
		left = l.runLeft(left, []piece{superscript(text)})
	}
	hydrogens := hydrogenPieces(int(a.Hydrogens))
	side := d.hydrogenSide(atom)
	switch {
	case a.Hydrogens == 0:
	case side == rightSide:
		right = l.runRight(right, hydrogens)
	case side == leftSide:
		l.runLeft(left, hydrogens)
	default:
		l.stack(d.at(atom), hydrogens, side)
	}
	if text := chargeText(a, d.mol.RadicalElectrons(atom)); text != "" {
		if a.Hydrogens == 0 && a.Isotope == 0 && d.isCrowded(atom, turn(35)) {
			l.chargeElsewhere(text, d.at(atom), left, d.isCrowded(atom, turn(145)))
		} else {
			l.runRight(right, []piece{superscript(text)})
		}
	}
	return l
}

func superscript(text string) piece {
	return piece{text: text, at: complex(0, raised*fontSize), small: true}
}

// isCrowded reports whether a bond of an atom leads near to a direction.
func (d *Drawing) isCrowded(atom int, direction complex128) bool {
	for k := range d.mol.Degree(atom) {
		if dot(unit(d.at(d.mol.NeighbourAt(atom, k))-d.at(atom)), direction) > 0.8 {
			return true
		}
	}
	return false
}

// chargeElsewhere puts a charge at the upper left, or above if that is crowded
// too.
func (l *label) chargeElsewhere(text string, atom, left complex128, crowded bool) {
	if !crowded {
		l.runLeft(left, []piece{superscript(text)})
		return
	}
	p := piece{text: text, small: true}
	p.at = atom + complex(-p.width()/2, capHeight*fontSize*0.7)
	l.pieces = append(l.pieces, p)
}

// centred returns a text with its middle on a point.
func centred(text string, middle complex128) []piece {
	p := piece{text: text}
	p.at = middle - complex(p.width()/2, capHeight*fontSize/2)
	return []piece{p}
}

// hydrogenPieces returns H with its number, relative to the end of a symbol.
func hydrogenPieces(n int) []piece {
	pieces := []piece{{text: "H"}}
	if n > 1 {
		pieces = append(pieces, piece{text: strconv.Itoa(n), at: complex(0, lowered*fontSize), small: true})
	}
	return pieces
}

// runRight adds pieces one after the other and returns where they end.
func (l *label) runRight(end complex128, pieces []piece) complex128 {
	for _, p := range pieces {
		p.at += end
		l.pieces = append(l.pieces, p)
		end += complex(p.width(), 0)
	}
	return end
}

// runLeft adds pieces that end where the label begins and returns where they
// begin.
func (l *label) runLeft(begin complex128, pieces []piece) complex128 {
	for _, p := range pieces {
		begin -= complex(p.width(), 0)
	}
	l.runRight(begin, pieces)
	return begin
}

// stack adds pieces above or below an atom.
func (l *label) stack(atom complex128, pieces []piece, where side) {
	offset := 1.12 * capHeight * fontSize
	if where == bottomSide {
		offset = -offset
	}
	start := centred("H", atom)[0].at + complex(0, offset)
	l.runRight(start, pieces)
}

func isotopeText(a chem.Atom) string {
	if a.Isotope == 0 {
		return ""
	}
	return strconv.Itoa(int(a.Isotope))
}

// chargeText returns what stands at the upper right: the charge, a dot for each
// unpaired electron and, after a colon, the map number.
func chargeText(a chem.Atom, radicals int) string {
	text := ""
	switch charge := int(a.Charge); {
	case charge == 1:
		text = "+"
	case charge == -1:
		text = "−"
	case charge > 1:
		text = strconv.Itoa(charge) + "+"
	case charge < -1:
		text = strconv.Itoa(-charge) + "−"
	}
	if a.Element == chem.Carbon || a.Element == chem.Nitrogen || a.Element == chem.Oxygen {
		for range radicals {
			text += "•"
		}
	}
	if a.Class > 0 {
		text += ":" + strconv.Itoa(int(a.Class))
	}
	return text
}

// hydrogenSide chooses the side of a symbol for its hydrogens, where bonds
// leave the most room: right, else left, else below or above. Alone, the
// hydrides of the oxygen group and the halogens have them on the left: H2O and
// HCl.
func (d *Drawing) hydrogenSide(atom int) side {
	if d.mol.Degree(atom) == 0 {
		switch d.mol.Atom(atom).Element {
		case chem.Oxygen, chem.Sulfur, chem.Selenium, chem.Fluorine, chem.Chlorine, chem.Bromine, chem.Iodine:
			if d.mol.Atom(atom).Charge == 0 {
				return leftSide
			}
		}
		return rightSide
	}
	if d.mol.Degree(atom) == 1 {
		if v := unit(d.at(d.mol.NeighbourAt(atom, 0)) - d.at(atom)); real(v) > 0.2 {
			return leftSide
		}
		return rightSide
	}
	// crowd says how near bonds come to the right, left, top and bottom.
	crowd := [4]float64{rightSide: -2, leftSide: -1.99, topSide: -1.4, bottomSide: -1.41}
	toward := [4]complex128{rightSide: 1, leftSide: -1, topSide: 1i, bottomSide: -1i}
	for k := range d.mol.Degree(atom) {
		v := unit(d.at(d.mol.NeighbourAt(atom, k)) - d.at(atom))
		for s := range crowd {
			if near := dot(v, toward[s]); s <= int(leftSide) {
				crowd[s] = max(crowd[s], near)
			} else {
				crowd[s] = max(crowd[s], near+0.15)
			}
		}
	}
	best := rightSide
	for s := range crowd {
		if crowd[s] < crowd[best]-0.02 {
			best = side(s)
		}
	}
	return best
}

func (d *Drawing) at(atom int) complex128 { return complex(d.Points[atom].X, d.Points[atom].Y) }

// textWidth returns the width of a text in font sizes, from the widths of
// Helvetica, which Arial and Liberation Sans share.
func textWidth(text string) float64 {
	var sum float64
	for _, r := range text {
		if w, ok := letterWidths[r]; ok {
			sum += w
		} else {
			sum += 0.6
		}
	}
	return sum
}

var letterWidths = map[rune]float64{
	'A': 0.667, 'B': 0.667, 'C': 0.722, 'D': 0.722, 'E': 0.667, 'F': 0.611, 'G': 0.778, 'H': 0.722, 'I': 0.278,
	'J': 0.5, 'K': 0.667, 'L': 0.556, 'M': 0.833, 'N': 0.722, 'O': 0.778, 'P': 0.667, 'Q': 0.778, 'R': 0.722,
	'S': 0.667, 'T': 0.611, 'U': 0.722, 'V': 0.667, 'W': 0.944, 'X': 0.667, 'Y': 0.667, 'Z': 0.611,
	'a': 0.556, 'b': 0.556, 'c': 0.5, 'd': 0.556, 'e': 0.556, 'f': 0.278, 'g': 0.556, 'h': 0.556, 'i': 0.222,
	'k': 0.5, 'l': 0.222, 'm': 0.833, 'n': 0.556, 'o': 0.556, 'p': 0.556, 'r': 0.333, 's': 0.5, 't': 0.278,
	'u': 0.556, 'v': 0.5, 'y': 0.5,
	'0': 0.556, '1': 0.556, '2': 0.556, '3': 0.556, '4': 0.556, '5': 0.556, '6': 0.556, '7': 0.556, '8': 0.556,
	'9': 0.556, '+': 0.584, '−': 0.584, ':': 0.278, '*': 0.389, '•': 0.35,
}

// ink is the colour of bonds and of elements without one of their own.
const ink = "#1a1a1a"

// elementColours follow the usual colours of atoms (Corey & Pauling, Rev. Sci.
// Instrum. 1953, 24, 621), darkened until each has a contrast of at least 4.5
// to 1 on white, as WCAG 2.2 asks of text.
var elementColours = map[chem.Element]string{
	chem.Boron:      "#a3542f",
	chem.Nitrogen:   "#2a4bd7",
	chem.Oxygen:     "#c8102e",
	chem.Fluorine:   "#2e7d32",
	chem.Phosphorus: "#b34700",
	chem.Sulfur:     "#806600",
	chem.Chlorine:   "#1b7a1b",
	chem.Selenium:   "#946000",
	chem.Bromine:    "#8c2d19",
	chem.Iodine:     "#6a1b9a",
}
