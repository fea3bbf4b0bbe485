package depict

import (
	"math"
	"slices"
)

// Widths and distances of lines, in bond lengths, near those of the ACS 1996
// style.
const (
	lineWidth   = 0.05
	lineGap     = 0.17 // between the lines of a double bond
	wedgeWidth  = 0.17 // at its wide end
	hashSpacing = 0.115
)

// stroke is a straight line, or a filled triangle if it widens.
type stroke struct {
	from, to complex128
	// wide is the width of a wedge at its end to; 0 for a line.
	wide float64
	// hashed says that the wedge is made of lines across.
	hashed bool
}

// strokes returns the lines of a drawing, which end before labels.
func (d *Drawing) strokes(labels []label) []stroke {
	p := &pen{Drawing: d, labels: make(map[int]label, len(labels)), ringsOf: make([][][]int, d.mol.NumAtoms())}
	for _, l := range labels {
		p.labels[l.atom] = l
	}
	for _, ring := range d.mol.SSSR() {
		for _, a := range ring {
			p.ringsOf[a] = append(p.ringsOf[a], ring)
		}
	}
	for _, b := range d.Bonds {
		p.bond(b)
	}
	for _, h := range d.Hydrogens {
		p.hydrogen(h)
	}
	return p.strokes
}

// pen draws bonds.
type pen struct {
	*Drawing
	labels  map[int]label
	ringsOf [][][]int
	strokes []stroke
}

func (p *pen) bond(b Bond) {
	from, to := p.at(b.Begin), p.at(b.End)
	switch {
	case b.Style != Plain:
		from, to = p.clip(b, from, to)
		p.strokes = append(p.strokes, stroke{from: from, to: to, wide: wedgeWidth, hashed: b.Style == Hash})
	case b.Order == 2:
		p.double(b)
	default:
		across := scale(unit(to-from)*1i, lineGap)
		for k := range int(b.Order) {
			shift := scale(across, float64(k)-float64(b.Order-1)/2)
			p.line(b, from+shift, to+shift)
		}
	}
}

func (p *pen) line(b Bond, from, to complex128) {
	from, to = p.clip(b, from, to)
	p.strokes = append(p.strokes, stroke{from: from, to: to})
}

// double draws a double bond: a line between the atoms and a shorter one beside
// it, or one line on each side of the middle if neither side is better.
func (p *pen) double(b Bond) {
	from, to := p.at(b.Begin), p.at(b.End)
	across := scale(unit(to-from)*1i, lineGap)
	side := p.doubleSide(b)
	if side == 0 {
		p.line(b, from+scale(across, 0.5), to+scale(across, 0.5))
		p.line(b, from-scale(across, 0.5), to-scale(across, 0.5))
		return
	}
	p.line(b, from, to)
	shift := scale(across, side)
	along := unit(to - from)
	p.line(b, from+shift+scale(along, p.mitre(b.Begin, b.End, side)), to+shift-scale(along, p.mitre(b.End, b.Begin, -side)))
}

// doubleSide returns the side of a double bond's second line: 1 for the left,
// -1 for the right, 0 for the middle. In a ring it is the inside.
func (p *pen) doubleSide(b Bond) float64 {
	if ring := p.ringOf(b); ring != nil {
		return sign(cross(p.at(b.End)-p.at(b.Begin), p.middleOf(ring)-p.at(b.Begin)))
	}
	degreeBegin, degreeEnd := p.mol.Degree(b.Begin), p.mol.Degree(b.End)
	if degreeBegin != 2 && degreeEnd == 1 || degreeEnd != 2 && degreeBegin == 1 || p.isStraight(b.Begin, b.End) || p.isStraight(b.End, b.Begin) {
		return 0
	}
	if p.labelled(b.Begin) && p.labelled(b.End) {
		return 0
	}
	var balance float64
	for _, end := range [2]int{b.Begin, b.End} {
		for k := range p.mol.Degree(end) {
			balance += sign(cross(p.at(b.End)-p.at(b.Begin), p.at(p.mol.NeighbourAt(end, k))-p.at(b.Begin)))
		}
	}
	if balance != 0 {
		return sign(balance)
	}
	return p.innerSide(b)
}

// innerSide returns the side on which more of the molecule lies.
func (p *pen) innerSide(b Bond) float64 {
	var middle complex128
	for i := range p.Points {
		middle += p.at(i)
	}
	middle = scale(middle, 1/float64(len(p.Points)))
	if s := sign(cross(p.at(b.End)-p.at(b.Begin), middle-p.at(b.Begin))); s != 0 {
		return s
	}
	return 1
}

func (p *pen) labelled(atom int) bool {
	_, ok := p.labels[atom]
	return ok
}

// isStraight reports whether an atom has one other neighbour, in line with the
// bond.
func (p *pen) isStraight(atom, partner int) bool {
	if p.mol.Degree(atom) != 2 {
		return false
	}
	for k := range 2 {
		if n := p.mol.NeighbourAt(atom, k); n != partner {
			return math.Abs(cross(unit(p.at(n)-p.at(atom)), unit(p.at(partner)-p.at(atom)))) < 0.05
		}
	}
	return false
}

// ringOf returns the ring in which a double bond's second line looks best: one
// with many double bonds, and small.
func (p *pen) ringOf(b Bond) []int {
	var best []int
	bestGrade := math.Inf(-1)
	for _, ring := range p.ringsOf[b.Begin] {
		if !slices.Contains(ring, b.End) {
			continue
		}
		if i := p.mol.BondBetween(b.Begin, b.End); !p.mol.Bond(i).InRing {
			continue
		}
		grade := -0.1 * float64(len(ring))
		for i, a := range ring {
			bond := p.mol.Bond(p.mol.BondBetween(a, ring[(i+1)%len(ring)]))
			if bond.Order == 2 {
				grade++
			}
			if bond.Aromatic {
				grade++
			}
		}
		if grade > bestGrade {
			best, bestGrade = ring, grade
		}
	}
	return best
}

func (p *pen) middleOf(ring []int) complex128 {
	var sum complex128
	for _, a := range ring {
		sum += p.at(a)
	}
	return scale(sum, 1/float64(len(ring)))
}

// mitre returns how much shorter the second line of a double bond is at an
// atom, so that it ends where it would meet the second line of the next bond.
func (p *pen) mitre(atom, partner int, side float64) float64 {
	along := unit(p.at(partner) - p.at(atom))
	angle := math.Pi
	for k := range p.mol.Degree(atom) {
		n := p.mol.NeighbourAt(atom, k)
		v := unit(p.at(n) - p.at(atom))
		if n != partner && cross(along, v)*side > 0.05 {
			angle = min(angle, math.Acos(min(max(dot(along, v), -1), 1)))
		}
	}
	if angle > 3 {
		return 0
	}
	return min(lineGap/math.Tan(angle/2), 0.35)
}

// clip shortens a line between two atoms to the edges of their labels.
func (p *pen) clip(b Bond, from, to complex128) (begin, end complex128) {
	return p.leave(b.Begin, from, to), p.leave(b.End, to, from)
}

// leave returns the point at which a line leaves an atom's label.
func (p *pen) leave(atom int, from, to complex128) complex128 {
	l, ok := p.labels[atom]
	if !ok {
		return from
	}
	return l.leave(from, to)
}

func (l label) leave(from, to complex128) complex128 {
	far := 0.0
	for _, piece := range l.pieces {
		low, high := piece.box()
		margin := complex(labelMargin, labelMargin)
		if piece.small {
			margin = scale(margin, 0.5)
		}
		far = max(far, exit(from, to, low-margin, high+margin))
	}
	return from + scale(to-from, min(far, 0.6))
}

// exit returns the fraction of the line from one point to another at which it
// leaves a box; 0 if it is never inside.
func exit(from, to, low, high complex128) float64 {
	first, last := 0.0, 1.0
	for _, axis := range [2]func(complex128) float64{
		func(c complex128) float64 { return real(c) },
		func(c complex128) float64 { return imag(c) },
	} {
		start, way := axis(from), axis(to)-axis(from)
		if math.Abs(way) < 1e-9 {
			if start < axis(low) || start > axis(high) {
				return 0
			}
			continue
		}
		t, u := (axis(low)-start)/way, (axis(high)-start)/way
		first, last = max(first, min(t, u)), min(last, max(t, u))
	}
	if first >= last {
		return 0
	}
	return last
}

// hydrogen draws the bond of a drawn hydrogen.
func (p *pen) hydrogen(h Hydrogen) {
	from, to := p.at(h.Atom), complex(h.Point.X, h.Point.Y)
	l := label{pieces: centred("H", to)}
	p.strokes = append(p.strokes, stroke{
		from: p.leave(h.Atom, from, to), to: l.leave(to, from), wide: wedgeWidth, hashed: h.Style == Hash,
	})
}

func sign(x float64) float64 {
	switch {
	case x > 1e-9:
		return 1
	case x < -1e-9:
		return -1
	}
	return 0
}
