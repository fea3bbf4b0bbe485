package depict

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

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
// white, as large as it comes.
type Options struct {
	// BondLength is the length of a bond in pixels, DefaultBondLength if 0.
	// Letters and lines grow with it. It is reduced where the picture would not
	// fit Width and Height.
	BondLength float64
	// Width and Height are the size of the picture in pixels; 0 for what the
	// molecule needs.
	Width, Height float64
	// Monochrome leaves out the colours of elements.
	Monochrome bool
	// Transparent leaves out the white ground.
	Transparent bool
	// Highlight lists atoms, by index, to be marked, with the bonds between them.
	Highlight []int
	// Title names the picture for those who cannot see it; the formula if empty.
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
// anything outside it. The error wraps ErrOptions where the options are at fault.
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

// picture is what is to be drawn, in bond lengths, y upwards.
type picture struct {
	strokes    []stroke
	labels     []label
	marks      []stroke // wide lines under highlighted atoms and bonds
	monochrome bool
	low, high  complex128
}

// margin is the space around a picture, in bond lengths.
const margin = 0.35

func (d *Drawing) picture(o Options) *picture {
	if d.source != nil {
		o.Highlight = d.inSource(o.Highlight)
		d = d.source
	}
	p := &picture{labels: d.labels(), monochrome: o.Monochrome}
	p.strokes = d.strokes(p.labels)
	for _, a := range o.Highlight {
		p.marks = append(p.marks, stroke{from: d.at(a), to: d.at(a)})
	}
	for _, b := range d.Bonds {
		if slices.Contains(o.Highlight, b.Begin) && slices.Contains(o.Highlight, b.End) {
			p.marks = append(p.marks, stroke{from: d.at(b.Begin), to: d.at(b.End)})
		}
	}
	p.low, p.high = d.at(0), d.at(0)
	for i := range d.Points {
		p.include(d.at(i))
	}
	for _, l := range p.labels {
		for _, piece := range l.pieces {
			low, high := piece.box()
			p.include(low)
			p.include(high)
		}
	}
	p.low -= complex(margin, margin)
	p.high += complex(margin, margin)
	return p
}

// inSource returns atoms by their indices in the source of the drawing, in
// rising order.
func (d *Drawing) inSource(atoms []int) []int {
	var there []int
	for i, a := range d.order {
		if slices.Contains(atoms, a) {
			there = append(there, i)
		}
	}
	return there
}

func (p *picture) include(q complex128) {
	p.low = complex(min(real(p.low), real(q)), min(imag(p.low), imag(q)))
	p.high = complex(max(real(p.high), real(q)), max(imag(p.high), imag(q)))
}

func (p *picture) width() float64  { return real(p.high - p.low) }
func (p *picture) height() float64 { return imag(p.high - p.low) }

// fit returns the bond length in pixels.
func (p *picture) fit(o Options) float64 {
	length := o.BondLength
	if length == 0 {
		length = DefaultBondLength
	}
	limit := func(size, asked float64) {
		if asked == 0 {
			asked = MaxSize
		}
		length = min(length, asked/size)
	}
	limit(p.width(), o.Width)
	limit(p.height(), o.Height)
	return length
}

// svgWriter writes SVG elements.
type svgWriter struct{ bytes.Buffer }

func (w *svgWriter) printf(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
}

// open begins a document.
func (w *svgWriter) open(width, height float64, title, description string) {
	w.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img">`,
		number(width), number(height), number(width), number(height))
	w.printf("<title>%s</title>", escape(title))
	if description != "" {
		w.printf("<desc>%s</desc>", escape(description))
	}
}

// draw writes a picture around a point, with bonds of a length in pixels.
func (w *svgWriter) draw(p *picture, length float64, middle complex128) {
	offset := (p.low + p.high) / 2
	place := func(q complex128) complex128 {
		q = scale(q-offset, length)
		return complex(real(middle)+real(q), imag(middle)-imag(q))
	}
	w.marks(p, length, place)
	w.lines(p, length, place)
	w.texts(p, length, place)
}

func (w *svgWriter) marks(p *picture, length float64, place func(complex128) complex128) {
	if len(p.marks) == 0 {
		return
	}
	w.printf(`<g stroke="#ffe08a" stroke-width="%s" stroke-linecap="round">`, number(0.55*length))
	for _, s := range p.marks {
		w.line(place(s.from), place(s.to))
	}
	w.printf("</g>")
}

func (w *svgWriter) lines(p *picture, length float64, place func(complex128) complex128) {
	w.printf(`<g stroke="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round" fill="%s">`,
		ink, number(max(lineWidth*length, 0.5)), ink)
	for _, s := range p.strokes {
		switch {
		case s.wide == 0:
			w.line(place(s.from), place(s.to))
		case s.hashed:
			w.hash(s, place)
		default:
			across := scale(unit(s.to-s.from)*1i, s.wide/2)
			a, b, c := place(s.from), place(s.to+across), place(s.to-across)
			w.printf(`<path d="M%s %s %sZ"/>`, pair(a), pair(b), pair(c))
		}
	}
	w.printf("</g>")
}

func (w *svgWriter) hash(s stroke, place func(complex128) complex128) {
	n := max(int(distance(s.from, s.to)/hashSpacing), 3)
	w.printf(`<path d="`)
	for k := range n {
		t := (float64(k) + 1) / float64(n)
		middle := s.from + scale(s.to-s.from, t)
		across := scale(unit(s.to-s.from)*1i, s.wide/2*t)
		w.printf("M%s %s", pair(place(middle+across)), pair(place(middle-across)))
	}
	w.printf(`" fill="none" stroke-linecap="butt"/>`)
}

func (w *svgWriter) texts(p *picture, length float64, place func(complex128) complex128) {
	if len(p.labels) == 0 {
		return
	}
	w.printf(`<g font-family="Arial, Helvetica, 'Liberation Sans', sans-serif" font-size="%s" fill="%s">`, number(fontSize*length), ink)
	for _, l := range p.labels {
		if p.monochrome || l.colour == ink {
			w.printf("<text>")
		} else {
			w.printf(`<text fill="%s">`, l.colour)
		}
		for _, piece := range l.pieces {
			at := place(piece.at)
			w.printf(`<tspan x="%s" y="%s"`, number(real(at)), number(imag(at)))
			if piece.small {
				w.printf(` font-size="%s"`, number(piece.size()*length))
			}
			w.printf(">%s</tspan>", escape(piece.text))
		}
		w.printf("</text>")
	}
	w.printf("</g>")
}

func (w *svgWriter) line(from, to complex128) {
	w.printf(`<path d="M%s %s"/>`, pair(from), pair(to))
}

func pair(p complex128) string { return number(real(p)) + "," + number(imag(p)) }

// number writes a coordinate to a hundredth of a pixel.
func number(x float64) string {
	x = math.Round(x*100) / 100
	if x == 0 {
		x = 0 // not -0
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func escape(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}
