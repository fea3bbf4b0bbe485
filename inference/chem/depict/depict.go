package depict

import (
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
)

// ErrEmpty says that there is no molecule to draw.
var ErrEmpty = errors.New("no molecule to draw")

// Point is a place in the plane, in bond lengths; Y grows upwards.
type Point struct{ X, Y float64 }

// Style says how a bond is drawn.
type Style uint8

// The values of Style.
const (
	// Plain is a bond in the plane.
	Plain Style = iota
	// Wedge is a bond whose wide end, End, is nearer to the viewer.
	Wedge
	// Hash is a bond whose wide end, End, is farther from the viewer.
	Hash
)

// Bond is a drawn bond.
type Bond struct {
	// Begin and End are atom indices; a wedge is narrow at Begin.
	Begin, End int
	// Order is 1 to 4, that of the Kekulé form drawn.
	Order uint8
	Style Style
}

// Hydrogen is a hydrogen that is drawn although it is no atom of its own: the
// one on a stereocentre all of whose bonds are in rings.
type Hydrogen struct {
	// Atom is the stereocentre.
	Atom  int
	Point Point
	Style Style
}

// Drawing is a molecule laid out in the plane.
type Drawing struct {
	// Points holds the place of each atom, by its index in the molecule.
	Points []Point
	// Bonds are the molecule's bonds, by their index there.
	Bonds     []Bond
	Hydrogens []Hydrogen

	mol *chem.Molecule
	// source is the drawing of the canonical form that this one renumbers, so
	// that every writing of a molecule gives the same picture to the byte;
	// order tells which atom here each atom there is. Nil in a source itself.
	source *Drawing
	order  []int
}

// Layout draws a molecule in the plane. The same molecule gives the same
// drawing whatever the order of its atoms: what is laid out is its canonical
// form. Double bonds stand as their geometry says, unspecified ones outside
// rings stand trans; stereocentres have a wedge.
//
// Every molecule that chem.Parse accepts is drawn; work on ring systems and on
// overlaps is bounded, so that very large ones come out less tidy, not late.
func Layout(m *chem.Molecule) (*Drawing, error) {
	if m == nil || m.NumAtoms() == 0 {
		return nil, ErrEmpty
	}
	canonical, err := chem.Parse(m.SMILES())
	if err != nil {
		return nil, fmt.Errorf("laying out: reading the canonical form: %w", err)
	}
	order := m.CanonicalOrder()
	if canonical.NumAtoms() != m.NumAtoms() || canonical.NumBonds() != m.NumBonds() {
		return nil, fmt.Errorf("laying out %s: the canonical form has other atoms", m.SMILES())
	}
	return newDrawing(canonical).renumbered(m, order), nil
}

// newDrawing lays out a molecule in the order of its atoms.
func newDrawing(m *chem.Molecule) *Drawing {
	g := newGraph(m)
	pos := g.place()
	d := &Drawing{mol: m, Points: make([]Point, m.NumAtoms()), Bonds: make([]Bond, m.NumBonds())}
	for i, p := range pos {
		d.Points[i] = Point{real(p), imag(p)}
	}
	for i := range d.Bonds {
		b := m.Bond(i)
		d.Bonds[i] = Bond{Begin: b.Begin, End: b.End, Order: b.Order}
	}
	g.assignWedges(pos, d)
	return d
}

// renumbered returns the drawing of another writing of the same molecule;
// order tells which of its atoms each atom drawn is.
func (d *Drawing) renumbered(m *chem.Molecule, order []int) *Drawing {
	r := &Drawing{
		mol: m, source: d, order: order,
		Points: make([]Point, len(d.Points)), Bonds: make([]Bond, len(d.Bonds)),
	}
	for i, p := range d.Points {
		r.Points[order[i]] = p
	}
	for _, b := range d.Bonds {
		b.Begin, b.End = order[b.Begin], order[b.End]
		r.Bonds[m.BondBetween(b.Begin, b.End)] = b
	}
	for _, h := range d.Hydrogens {
		h.Atom = order[h.Atom]
		r.Hydrogens = append(r.Hydrogens, h)
	}
	return r
}
