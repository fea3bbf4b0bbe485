package depict

import (
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
)

// ErrEmpty says that there is no molecule to draw.
var ErrEmpty = errors.New("no molecule to draw")

// Point is a position in the plane, in bond lengths; Y grows upwards.
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
	// Order is 1 to 4, as in the Kekulé form that is drawn.
	Order uint8
	Style Style
}

// Hydrogen is a hydrogen that is drawn although it is not an atom of the
// molecule: that of a stereocentre whose bonds are all in rings.
type Hydrogen struct {
	// Atom is the stereocentre.
	Atom  int
	Point Point
	Style Style
}

// Drawing is a molecule laid out in the plane.
type Drawing struct {
	// Points are the positions of the atoms, by their index in the molecule.
	Points []Point
	// Bonds are the molecule's bonds, by their index there.
	Bonds     []Bond
	Hydrogens []Hydrogen

	mol *chem.Molecule
	// source is the drawing of the canonical form, which this one renumbers, so
	// that every SMILES of a molecule gives exactly the same picture. order says
	// which atom here each atom there is. A source itself has none.
	source *Drawing
	order  []int
}

// Layout draws a molecule in the plane. The same molecule gives the same
// drawing in whatever order its atoms are, because Layout lays out the
// canonical form. Double bonds are drawn with their geometry, and unspecified
// ones outside rings as trans; stereocentres have a wedge.
//
// Layout draws every molecule that chem.Parse accepts. Its work on ring systems
// and overlaps is bounded, so a very large molecule gets a less tidy drawing,
// not a late one.
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

// renumbered returns the drawing for another order of the same molecule's
// atoms; order says which of its atoms each drawn atom is.
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
