package depict

import (
	"math"
	"math/cmplx"

	"github.com/odordiff/odordiff/inference/chem"
)

// orient turns a part of the drawing so that as many bonds as possible are at
// multiples of 30°, its long axis is horizontal, and oxygens are at the right
// and the top rather than the left and the bottom. A part that may only be
// mirrored is mirrored left to right, and a part that may not be turned stays
// as it is.
func (g *graph) orient(pos []complex128, part []int, rotation rotation) {
	if rotation == noRotation {
		return
	}
	points := make([]complex128, len(part))
	for i, a := range part {
		points[i] = pos[a]
	}
	middle := centroid(points)
	for i := range points {
		points[i] -= middle
	}
	if rotation == freeRotation {
		rotate(points, turn(g.alignment(pos, part)))
		rotate(points, flattest(points))
	}
	g.face(points, part, rotation)
	for i, a := range part {
		pos[a] = points[i]
	}
}

// flattest returns the turn by a multiple of 30° that makes the points lie
// flattest.
func flattest(points []complex128) complex128 {
	best, bestScore := complex128(1), math.Inf(-1)
	for k := range 6 {
		by := turn(30 * float64(k))
		if score := flatness(points, by); score > bestScore+1e-6 {
			best, bestScore = by, score
		}
	}
	return best
}

func rotate(points []complex128, by complex128) {
	for i := range points {
		points[i] *= by
	}
}

// alignment returns the turn, in degrees, that brings the most bonds to
// multiples of 30°: the mean of their angles on a circle of 30°. Bonds to ends
// count half.
func (g *graph) alignment(pos []complex128, part []int) float64 {
	var sum complex128
	for _, a := range part {
		for k := range g.Degree(a) {
			b := g.Bond(g.BondAt(a, k))
			if b.Begin != a {
				continue
			}
			weight := 1.0
			if g.isTerminal(b.Begin) || g.isTerminal(b.End) {
				weight = 0.5
			}
			v := pos[b.End] - pos[b.Begin]
			sum += scale(turn(12*cmplx.Phase(v)*180/math.Pi), weight)
		}
	}
	if distance(sum, 0) < 1e-6 {
		return 0
	}
	return -cmplx.Phase(sum) * 180 / math.Pi / 12
}

// flatness grades how flat and wide the points lie after a turn.
func flatness(points []complex128, by complex128) float64 {
	var low, high complex128
	var spread float64
	for i, p := range points {
		q := p * by
		if i == 0 {
			low, high = q, q
		}
		low = complex(min(real(low), real(q)), min(imag(low), imag(q)))
		high = complex(max(real(high), real(q)), max(imag(high), imag(q)))
		spread += real(q)*real(q) - imag(q)*imag(q)
	}
	width, height := real(high-low), imag(high-low)
	return width - height + 0.5*spread/float64(len(points))
}

// face mirrors points left to right, and upside down unless they are upright,
// so that heteroatoms, especially at ends, are at the right and the top.
func (g *graph) face(points []complex128, part []int, rotation rotation) {
	var pull complex128
	for i, a := range part {
		if g.Atom(a).Element != chem.Carbon {
			weight := 1.0
			if g.isTerminal(a) {
				weight = 2
			}
			pull += scale(points[i], weight)
		}
	}
	for i, p := range points {
		x, y := real(p), imag(p)
		if real(pull) < -1e-6 {
			x = -x
		}
		if imag(pull) < -1e-6 && rotation == freeRotation {
			y = -y
		}
		points[i] = complex(x, y)
	}
}
