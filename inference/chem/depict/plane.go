package depict

import (
	"math"
	"math/cmplx"
	"slices"
)

// Points of the plane are complex numbers in this package: to turn is to
// multiply.

// turn returns the unit vector at an angle in degrees.
func turn(degrees float64) complex128 {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return complex(cos, sin)
}

// unit returns a vector of length 1 in a direction; of the zero vector, that to
// the right.
func unit(v complex128) complex128 {
	if d := cmplx.Abs(v); d > 1e-9 {
		return v / complex(d, 0)
	}
	return 1
}

func scale(v complex128, by float64) complex128 { return complex(real(v)*by, imag(v)*by) }

// distance returns the distance between two points.
func distance(p, q complex128) float64 {
	v := p - q
	return math.Sqrt(dot(v, v))
}

// cross is positive if v is to the left of u.
func cross(u, v complex128) float64 { return real(u)*imag(v) - imag(u)*real(v) }

func dot(u, v complex128) float64 { return real(u)*real(v) + imag(u)*imag(v) }

// mirror reflects a point in the line through a and b.
func mirror(p, a, b complex128) complex128 {
	axis := unit(b - a)
	return a + axis*axis*cmplx.Conj(p-a)
}

// centroid returns the mean of points.
func centroid(points []complex128) complex128 {
	var sum complex128
	for _, p := range points {
		sum += p
	}
	return scale(sum, 1/float64(len(points)))
}

// segmentsCross reports whether the inner parts of two segments cross.
func segmentsCross(a, b, c, d complex128) bool {
	const slack = 1e-6
	left := func(p, q, r complex128) float64 { return cross(q-p, r-p) }
	return left(a, b, c)*left(a, b, d) < -slack && left(c, d, a)*left(c, d, b) < -slack
}

// distanceToSegment returns how far a point is from a segment.
func distanceToSegment(p, a, b complex128) float64 {
	along := b - a
	length := dot(along, along)
	if length < 1e-12 {
		return distance(p, a)
	}
	t := min(max(dot(p-a, along)/length, 0), 1)
	return distance(p, a+scale(along, t))
}

// widestGap returns the direction at which the widest gap between directions
// starts, and its width, both in degrees, counterclockwise. Without directions
// the gap is the whole circle.
func widestGap(directions []complex128) (start, width float64) {
	if len(directions) == 0 {
		return 0, 360
	}
	angles := make([]float64, len(directions))
	for i, d := range directions {
		angles[i] = cmplx.Phase(d) * 180 / math.Pi
	}
	slices.Sort(angles)
	width = -1
	for i, a := range angles {
		next := angles[(i+1)%len(angles)]
		if i == len(angles)-1 {
			next += 360
		}
		if next-a > width+1e-6 {
			start, width = a, next-a
		}
	}
	return start, width
}

// regularPolygon returns the corners of a polygon with sides of length 1 around
// the origin, counterclockwise.
func regularPolygon(n int) []complex128 {
	radius := 0.5 / math.Sin(math.Pi/float64(n))
	corners := make([]complex128, n)
	for i := range corners {
		corners[i] = scale(turn(360*float64(i)/float64(n)), radius)
	}
	return corners
}
