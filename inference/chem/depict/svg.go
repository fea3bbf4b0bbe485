package depict

import (
	"errors"
	"fmt"
	"math"

	"github.com/odordiff/odordiff/inference/chem"
)

// Bounds of Options.
const (
	DefaultBondLength = 32
	MinBondLength     = 4
	MaxBondLength     = 200
	// MinSize and MaxSize bound a picture's width and height, in pixels.
	MinSize = 16
	MaxSize = 4096
)

// ErrOptions is wrapped by the errors for options out of range.
var ErrOptions = errors.New("drawing options")

// Options say how a molecule is drawn. The zero value draws it in colour on
// white, in the size that it needs.
type Options struct {
	// BondLength is the length of a bond in pixels, DefaultBondLength if 0.
	// Letters and lines grow with it. It is reduced if the picture would not fit
	// Width and Height.
	BondLength float64
	// Width and Height are the size of the picture in pixels; 0 for what the
	// molecule needs.
	Width, Height float64
	// Monochrome leaves out the colours of elements.
	Monochrome bool
	// Transparent leaves out the white background.
	Transparent bool
	// Highlight lists atoms, by index, to be marked, with the bonds between
	// them.
	Highlight []int
	// Title names the picture for those who cannot see it; the formula if
	// empty.
	Title string
}

func (o Options) check(atoms int) error {
	switch {
	case o.BondLength != 0 && !(o.BondLength >= MinBondLength && o.BondLength <= MaxBondLength):
		return fmt.Errorf("%w: a bond length of %v px is not from %d to %d", ErrOptions, o.BondLength, MinBondLength, MaxBondLength)
	case o.Width != 0 && !(o.Width >= MinSize && o.Width <= MaxSize):
		return fmt.Errorf("%w: a width of %v px is not from %d to %d", ErrOptions, o.Width, MinSize, MaxSize)
	case o.Height != 0 && !(o.Height >= MinSize && o.Height <= MaxSize):
		return fmt.Errorf("%w: a height of %v px is not from %d to %d", ErrOptions, o.Height, MinSize, MaxSize)
	}
	for _, a := range o.Highlight {
		if a < 0 || a >= atoms {
			return fmt.Errorf("%w: there is no atom %d to highlight", ErrOptions, a)
		}
	}
	return nil
}

// SVG draws a molecule as an SVG document without scripts or references to
// anything outside it. The error wraps ErrOptions if the options are at fault.
func SVG(m *chem.Molecule, o Options) ([]byte, error) {
	d, err := Layout(m)
	if err != nil {
		return nil, err
	}
	return d.SVG(o)
}

// SVG writes the drawing as an SVG document.
func (d *Drawing) SVG(o Options) ([]byte, error) {
	if err := o.check(len(d.Points)); err != nil {
		return nil, err
	}
	p := d.picture(o)
	width, height := o.Width, o.Height
	fitted := p.fit(o)
	if width == 0 {
		width = math.Ceil(p.width() * fitted)
	}
	if height == 0 {
		height = math.Ceil(p.height() * fitted)
	}
	var w svgWriter
	w.open(width, height, o.title(d.mol), d.mol.SMILES())
	if !o.Transparent {
		w.printf(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	}
	w.draw(p, fitted, complex(width, height)/2)
	w.printf("</svg>\n")
	return w.Bytes(), nil
}

func (o Options) title(m *chem.Molecule) string {
	if o.Title != "" {
		return o.Title
	}
	return "Structure of " + m.Formula()
}
