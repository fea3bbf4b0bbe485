package depict

import (
	"cmp"
	"math"
	"slices"
)

// layBlock places the atoms of a ring system. Rings that share a single bond
// become polygons side by side. Rings that share more are a bridged core, which
// is laid out as a whole before the other rings are added to it.
func (g *graph) layBlock(b *block) {
	b.pos, b.rigid = map[int]complex128{}, map[int]bool{}
	g.laySeed(b)
	for {
		ring := b.nextRing()
		if ring == nil {
			break
		}
		b.attach(ring)
	}
	if b.isStrained(g) {
		g.relaxBlock(b)
	}
}

// laySeed places the part of a block that the rest is built on: all of it if it
// is a known template, its largest bridged core, or a large ring, or the ring
// with the most neighbours.
func (g *graph) laySeed(b *block) {
	if points, _, rotation := g.fromTemplates(b.atoms); points != nil {
		b.rotation = rotation
		for i, a := range b.atoms {
			b.pos[a], b.rigid[a] = points[i], true
		}
		return
	}
	if core := g.bridgedCore(b); core != nil {
		for a, p := range g.layCore(core, b) {
			b.pos[a], b.rigid[a] = p, true
		}
		return
	}
	ring := slices.MaxFunc(b.rings, func(r, s []int) int {
		return cmp.Or(
			cmp.Compare(largeSize(r), largeSize(s)),
			cmp.Compare(b.neighbourRings(r), b.neighbourRings(s)),
			cmp.Compare(len(r), len(s)),
		)
	})
	for i, p := range g.ringShape(ring, b) {
		b.pos[ring[i]] = p
	}
}

// largeSize returns the size of a ring that is too large for a polygon, and 0
// for others.
func largeSize(ring []int) int {
	if len(ring) > largestPolygon {
		return len(ring)
	}
	return 0
}

func (b *block) neighbourRings(ring []int) int {
	n := 0
	for _, other := range b.rings {
		if shared := sharedAtoms(ring, other); shared >= 2 && shared < len(ring) {
			n++
		}
	}
	return n
}

func sharedAtoms(r, s []int) int {
	n := 0
	for _, a := range r {
		if slices.Contains(s, a) {
			n++
		}
	}
	return n
}

// nextRing returns, of the incomplete rings, the one with the most placed
// atoms; nil if all are complete. Each of them comes to touch what is placed,
// because the rings of a block share bonds.
func (b *block) nextRing() []int {
	var best []int
	bestPlaced := 1
	for _, ring := range b.rings {
		placed := 0
		for _, a := range ring {
			if _, ok := b.pos[a]; ok {
				placed++
			}
		}
		if placed < len(ring) && placed > bestPlaced {
			best, bestPlaced = ring, placed
		}
	}
	return best
}

// attach places the missing atoms of a ring that is partly placed.
func (b *block) attach(ring []int) {
	n := len(ring)
	missing := func(i int) bool {
		_, ok := b.pos[ring[i%n]]
		return !ok
	}
	for i := range n {
		if missing(i) || !missing(i+1) {
			continue
		}
		gap := 1
		for missing(i + gap + 1) {
			gap++
		}
		b.span(ring, i, gap)
	}
}

// span places the gap atoms after position i of a ring on an arc between the
// two placed atoms beside them, on the side away from the rest of the ring.
func (b *block) span(ring []int, i, gap int) {
	n := len(ring)
	from, to := b.pos[ring[i]], b.pos[ring[(i+gap+1)%n]]
	points := arc(from, to, gap)
	mirrored := make([]complex128, gap)
	for k, p := range points {
		mirrored[k] = mirror(p, from, to)
	}
	if b.crowding(mirrored, ring) < b.crowding(points, ring) {
		points = mirrored
	}
	for k, p := range points {
		b.pos[ring[(i+1+k)%n]] = p
	}
}

// crowding returns how much the points are in the way of the placed atoms.
func (b *block) crowding(points []complex128, ring []int) float64 {
	var sum float64
	middle := centroid(points)
	for _, a := range b.atoms {
		p, ok := b.pos[a]
		if !ok {
			continue
		}
		for _, q := range points {
			sum += 1 / (0.05 + distance(p, q))
		}
		if slices.Contains(ring, a) {
			sum += 1 / (0.05 + distance(p, middle))
		}
	}
	return sum
}

// arc returns the n points between two others that make a chain of n+1 equal
// steps on a circle, of length 1 unless the ends are too far apart for that.
// The chain bends to the left of the way from one end to the other.
func arc(from, to complex128, n int) []complex128 {
	steps := float64(n + 1)
	chord := distance(from, to)
	step, half := 1.0, 0.0 // half is half of the angle that one step turns by
	if chord >= steps {
		step = chord / steps
	} else {
		half = arcHalfAngle(chord, steps)
	}
	direction := unit(to-from) * turn(half*(steps-1)*180/math.Pi)
	points := make([]complex128, n)
	p := from
	for i := range points {
		p += scale(direction, step)
		points[i] = p
		direction *= turn(-2 * half * 180 / math.Pi)
	}
	return points
}

// arcHalfAngle solves sin(steps·x)/sin(x) = chord for the half angle x between
// unit steps on a circle, by bisection: the left side falls from steps to 0.
func arcHalfAngle(chord, steps float64) float64 {
	low, high := 1e-9, math.Pi/steps
	for range 60 {
		x := (low + high) / 2
		if math.Sin(steps*x)/math.Sin(x) > chord {
			low = x
		} else {
			high = x
		}
	}
	return (low + high) / 2
}

// isStrained reports whether the block as placed has bonds of wrong lengths or
// atoms too near to each other.
func (b *block) isStrained(g *graph) bool {
	for i, a := range b.atoms {
		for _, c := range b.atoms[:i] {
			if b.rigid[a] && b.rigid[c] {
				continue
			}
			d := distance(b.pos[a], b.pos[c])
			if bonded := g.BondBetween(a, c) >= 0; bonded && math.Abs(d-1) > 0.02 || !bonded && d < 0.8 {
				return true
			}
		}
	}
	return false
}
