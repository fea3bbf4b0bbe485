package depict

import (
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// Rings of up to largestPolygon atoms are regular polygons. Larger ones follow
// the edges of a honeycomb, turning left at most atoms and right at some, so
// that they look like chains bent round and leave room for trans double bonds
// (the idea is that of the polyomino shapes of Schrödinger's CoordGen).
const (
	largestPolygon = 9
	// largestSearched is the largest ring whose shapes are all tried.
	largestSearched = 20
	// largestShaped is the largest ring that is more than a polygon.
	largestShaped = 120
)

// ringWish says what the rest of the molecule wants of a ring's shape.
type ringWish struct {
	// corner tells of each atom whether it wants to point out of the ring (1),
	// into it (-1) or does not care (0).
	corner []int
	// firm tells that a corner's wish is no mere preference.
	firm []bool
	// trans tells of the bond after each atom whether it must be trans (1), cis
	// (-1) or does not matter (0).
	trans []int
}

// ringShape places the atoms of a ring on their own.
func (g *graph) ringShape(ring []int, b *block) []complex128 {
	n := len(ring)
	wish := g.ringWish(ring, b)
	if n < 8 || n > largestShaped || n <= largestPolygon && !slices.Contains(wish.trans, 1) {
		return regularPolygon(n)
	}
	turns := wish.bestTurns()
	if n <= largestPolygon {
		return dented(turns)
	}
	points := walk(turns)
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
	relax(points, springs)
	return points
}

// dented returns the regular polygon with the corners of right turns folded in:
// a ring of eight or nine atoms with a trans double bond.
func dented(turns []int) []complex128 {
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

// acrossBond is the distance of two atoms of a ring with two others between
// them: 3 bonds in a row that turn to one side or to both.
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

func (g *graph) ringWish(ring []int, b *block) ringWish {
	n := len(ring)
	w := ringWish{corner: make([]int, n), firm: make([]bool, n), trans: make([]int, n)}
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

// shareWith wishes for the shape that leaves room for another ring: the atoms
// at the ends of what both share point out, those between point in.
func (w *ringWish) shareWith(ring, other []int) {
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

// ringGeometry tells how the ring's bonds stand at the bond after position i:
// 1 for trans, -1 for cis, 0 for a bond without geometry.
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

// bestTurns chooses at which atoms the ring turns left (1) and right (-1).
func (w *ringWish) bestTurns() []int {
	n := len(w.corner)
	var best []int
	bestCost := math.Inf(1)
	try := func(turns []int) {
		if cost := w.cost(turns); cost < bestCost-1e-9 {
			best, bestCost = slices.Clone(turns), cost
		}
	}
	for _, rights := range []int{(n - 6) / 2, (n - 5) / 2, (n - 7) / 2} {
		if rights < 0 || rights > n/2 {
			continue
		}
		if n <= largestSearched {
			w.search(make([]int, n), 0, rights, try)
		} else {
			spread(n, rights, try)
		}
	}
	return best
}

// search tries all ways to place right turns, two in a row only where wished.
func (w *ringWish) search(turns []int, at, rights int, try func([]int)) {
	n := len(turns)
	if at == n {
		if rights == 0 && (turns[0] > 0 || turns[n-1] > 0 || w.wishesIn(0) && w.wishesIn(n-1)) {
			try(turns)
		}
		return
	}
	if rights > n-at {
		return
	}
	turns[at] = 1
	w.search(turns, at+1, rights, try)
	if rights > 0 && (at == 0 || turns[at-1] > 0 || w.wishesIn(at) && w.wishesIn(at-1)) {
		turns[at] = -1
		w.search(turns, at+1, rights-1, try)
	}
}

func (w *ringWish) wishesIn(i int) bool { return w.corner[i] < 0 }

// spread tries right turns at even distances, from every start.
func spread(n, rights int, try func([]int)) {
	for start := range n {
		turns := slices.Repeat([]int{1}, n)
		for k := range rights {
			turns[(start+k*n/rights)%n] = -1
		}
		try(turns)
	}
}

// cost grades a shape: broken double bonds and firm wishes are dearest, then
// what cannot be drawn well, then mere preferences.
func (w *ringWish) cost(turns []int) float64 {
	n := len(turns)
	var cost float64
	for i, t := range turns {
		if isTrans := t != turns[(i+1)%n]; w.trans[i] != 0 && isTrans != (w.trans[i] > 0) {
			cost += 100
		}
		if w.corner[i] == -t {
			cost++
			if w.firm[i] {
				cost += 30
			}
		}
		if t < 0 && n <= largestPolygon {
			cost += 2
		}
	}
	if n > largestPolygon {
		cost += walkCost(turns)
	}
	return cost
}

// walkCost grades a walk around a ring by how far its ends are apart, by
// crossings, by atoms in each other's way and by its lack of roundness.
func walkCost(turns []int) float64 {
	n := len(turns)
	points := walk(turns)
	last := points[n-1] - points[n-2]
	gap := distance(points[n-1]+last*turn(float64(turns[n-1])*60+stepTurn(turns)), points[0])
	cost := 2 * gap * gap
	middle := centroid(points)
	widest := 0.0
	for i, p := range points {
		widest = max(widest, dot(p-middle, p-middle))
		for j := range i {
			if apart := min(i-j, n-i+j); apart > 1 && distance(p, points[j]) < 1.2 {
				cost += 5
			}
			if segmentsCross(p, points[(i+1)%n], points[j], points[j+1]) {
				cost += 50
			}
		}
	}
	return cost + 0.8*widest
}

// stepTurn is what each corner turns more than 60° to the left or less to the
// right, so that all corners together turn once around.
func stepTurn(turns []int) float64 {
	sum := 0
	for _, t := range turns {
		sum += t
	}
	return float64(360-60*sum) / float64(len(turns))
}

// walk follows a ring's turns with steps of length 1, each corner's after the
// step that leads to it.
func walk(turns []int) []complex128 {
	extra := stepTurn(turns)
	points := make([]complex128, len(turns))
	direction := complex128(1)
	for i := 1; i < len(turns); i++ {
		points[i] = points[i-1] + direction
		direction *= turn(float64(turns[i])*60 + extra)
	}
	return points
}
