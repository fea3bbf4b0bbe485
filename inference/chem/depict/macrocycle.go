package depict

import (
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// Rings of up to largestPolygon atoms are regular polygons. Larger ones follow
// the edges of a honeycomb, turning left at most atoms and right at some. So
// they look like chains bent round, and leave room for trans double bonds (the
// idea comes from the polyomino shapes of Schrödinger's CoordGen).
const (
	largestPolygon = 9
	// largestSearched is the largest ring whose shapes are all tried.
	largestSearched = 20
	// largestShaped is the largest ring that is not drawn as a polygon.
	largestShaped = 120
)

// ringPreference says which shape of a ring suits the rest of the molecule.
type ringPreference struct {
	// corner says for each atom whether it should point out of the ring (1), into
	// it (-1), or either way (0).
	corner []int
	// firm reports whether a corner's preference must be met.
	firm []bool
	// trans says for the bond after each atom whether it must be trans (1), cis
	// (-1), or either (0).
	trans []int
}

// ringShape places the atoms of a ring by itself.
func (g *graph) ringShape(ring []int, b *block) []complex128 {
	n := len(ring)
	preference := g.ringPreference(ring, b)
	if n < 8 || n > largestShaped || n <= largestPolygon && !slices.Contains(preference.trans, 1) {
		return regularPolygon(n)
	}
	shapes := preference.bestTurns()
	if n <= largestPolygon {
		return foldedPolygon(shapes[0].turns)
	}
	var best []complex128
	bestCost := math.Inf(1)
	for _, s := range shapes {
		points := followTurns(s.turns)
		strain := relax(points, turnSprings(s.turns))
		if cost := strain + roundness(points) + preference.preferenceCost(s.turns) + preference.broken(points); cost < bestCost-1e-6 {
			best, bestCost = points, cost
		}
	}
	return best
}

// turnSprings returns springs that hold a ring to its bond lengths, to angles
// of 120° and to its turns.
func turnSprings(turns []int) []spring {
	n := len(turns)
	springs := make([]spring, 0, n*n/2)
	for i := range n {
		for j := range i {
			switch apart := min(i-j, n-i+j); apart {
			case 1:
				springs = append(springs, spring{a: i, b: j, length: 1, weight: 4})
			case 2:
				springs = append(springs, spring{a: i, b: j, length: math.Sqrt(3), weight: 1})
			case 3:
				springs = append(springs, spring{a: i, b: j, length: acrossBond(turns, i, j, n), weight: 0.3})
			default:
				springs = append(springs, spring{a: i, b: j, length: 1.6, weight: 1, pushes: true})
			}
		}
	}
	return springs
}

// foldedPolygon returns a regular polygon whose corners with right turns are
// folded in, for a ring of eight or nine atoms with a trans double bond.
func foldedPolygon(turns []int) []complex128 {
	n := len(turns)
	corners := regularPolygon(n)
	points := slices.Clone(corners)
	for i, t := range turns {
		if t < 0 {
			points[i] = mirror(corners[i], corners[(i+n-1)%n], corners[(i+1)%n])
		}
	}
	return points
}

// acrossBond returns the distance between two atoms of a ring with two others
// between them: three bonds in a row that turn to the same side or to both.
func acrossBond(turns []int, i, j, n int) float64 {
	first := (j + 1) % n
	if i-j != 3 {
		first = (i + 1) % n
	}
	if turns[first] == turns[(first+1)%n] {
		return 2
	}
	return math.Sqrt(7)
}

func (g *graph) ringPreference(ring []int, b *block) ringPreference {
	n := len(ring)
	w := ringPreference{corner: make([]int, n), firm: make([]bool, n), trans: make([]int, n)}
	for i, a := range ring {
		if g.Degree(a) > 2 {
			w.corner[i] = 1
		}
		w.trans[i] = g.ringGeometry(ring, i)
	}
	for _, other := range b.rings {
		w.shareWith(ring, other)
	}
	return w
}

// shareWith prefers the shape that leaves room for another ring: the atoms at
// the ends of the shared path point out, those between point in.
func (w *ringPreference) shareWith(ring, other []int) {
	n := len(ring)
	shared := func(i int) bool { return slices.Contains(other, ring[(i+n)%n]) }
	if sharedAtoms(ring, other) == n {
		return
	}
	for i := range n {
		if !shared(i) {
			continue
		}
		w.corner[i], w.firm[i] = 1, true
		if shared(i-1) && shared(i+1) && len(other) < n {
			w.corner[i] = -1
		}
	}
}

// ringGeometry returns how the ring continues at the bond after position i: 1
// for trans, -1 for cis, 0 for a bond without geometry.
func (g *graph) ringGeometry(ring []int, i int) int {
	n := len(ring)
	before, begin, end, after := ring[(i+n-1)%n], ring[i], ring[(i+1)%n], ring[(i+2)%n]
	b := g.Bond(g.BondBetween(begin, end))
	if b.Geometry == chem.NoGeometry {
		return 0
	}
	if b.Begin != begin {
		before, after = after, before
	}
	trans := -1
	if b.Geometry == chem.Trans {
		trans = 1
	}
	if b.BeginRef != before {
		trans = -trans
	}
	if b.EndRef != after {
		trans = -trans
	}
	return trans
}
