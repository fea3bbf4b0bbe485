package depict

import "slices"

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
