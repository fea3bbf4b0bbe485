package depict

import (
	"math"
	"math/cmplx"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// assignWedges gives each stereocentre one bond out of the plane, or a hydrogen
// if all its bonds are in rings, so that the drawing shows its handedness. The
// choice of bond follows the IUPAC recommendations (Brecher, Pure Appl. Chem.
// 2006, 78, 1897): a bond to an end rather than into a chain, outside a ring
// rather than in it, and between stereocentres only if there is no other.
func (g *graph) assignWedges(pos []complex128, d *Drawing) {
	taken := map[int]bool{} // bonds out of the plane already
	for atom := range g.NumAtoms() {
		if g.Atom(atom).Chirality == chem.Unspecified {
			continue
		}
		if at, ok := g.hydrogenPlace(pos, atom, d.Hydrogens); ok {
			style := g.hydrogenStyle(pos, atom)
			d.Hydrogens = append(d.Hydrogens, Hydrogen{Atom: atom, Point: Point{real(at), imag(at)}, Style: style})
			continue
		}
		bond := g.bestWedge(pos, atom, taken)
		if bond < 0 {
			continue
		}
		taken[bond] = true
		d.Bonds[bond] = Bond{
			Begin: atom, End: g.Bond(bond).Other(atom), Order: g.Bond(bond).Order,
			Style: g.wedgeStyle(pos, atom, bond),
		}
	}
}

// hydrogenPlace returns where to draw the hydrogen of a stereocentre. It needs
// a centre whose bonds are all in rings, and a gap between them with room
// beside the atoms and the hydrogens that are already drawn.
func (g *graph) hydrogenPlace(pos []complex128, atom int, before []Hydrogen) (at complex128, ok bool) {
	if g.Atom(atom).Hydrogens != 1 || g.Degree(atom) != 3 {
		return 0, false
	}
	var directions [3]complex128
	for k := range directions {
		if !g.Bond(g.BondAt(atom, k)).InRing {
			return 0, false
		}
		directions[k] = unit(pos[g.NeighbourAt(atom, k)] - pos[atom])
	}
	others := slices.Clone(pos)
	for _, h := range before {
		others = append(others, complex(h.Point.X, h.Point.Y))
	}
	others[atom] = complex(math.Inf(1), 0)
	least := math.Inf(1)
	for k, first := range directions {
		second := directions[(k+1)%3]
		start, width := widestGap([]complex128{first, second})
		outside := directions[(k+2)%3]
		// Two directions leave two gaps, but the one with the third bond in it does
		// not count.
		middle := turn(start + width/2)
		if dot(middle, outside) > math.Cos(width*math.Pi/360) {
			middle, width = -middle, 360-width
		}
		candidate := pos[atom] + scale(middle, hydrogenBond)
		if crowd := nearness(candidate, others) + 40/width; nearest(candidate, others) > 0.55 && crowd < least-1e-6 {
			at, least, ok = candidate, crowd, true
		}
	}
	return at, ok
}

// nearness grades how near other points are to a point.
func nearness(p complex128, others []complex128) float64 {
	var sum float64
	for _, q := range others {
		d := distance(p, q)
		sum += 1 / (d * d * d)
	}
	return sum
}

func nearest(p complex128, others []complex128) float64 {
	near := math.Inf(1)
	for _, q := range others {
		near = min(near, distance(p, q))
	}
	return near
}

// hydrogenBond is the length at which such a hydrogen is drawn.
const hydrogenBond = 0.7

// hydrogenStyle returns the style that gives the centre its handedness. The
// three neighbours, seen from the hydrogen, turn as Chirality says; seen from
// the viewer they do so only if the hydrogen is on the viewer's side.
func (g *graph) hydrogenStyle(pos []complex128, atom int) Style {
	turnsLeft := turnsCounterclockwise(pos, atom, g.neighbours[atom])
	if turnsLeft == (g.Atom(atom).Chirality == chem.Counterclockwise) {
		return Wedge
	}
	return Hash
}

// turnsCounterclockwise reports whether three atoms follow each other
// counterclockwise around a centre.
func turnsCounterclockwise(pos []complex128, centre int, three []int) bool {
	first := pos[three[0]] - pos[centre]
	angle := func(a int) float64 {
		phase := cmplx.Phase((pos[a] - pos[centre]) / first)
		if phase < 0 {
			phase += 2 * math.Pi
		}
		return phase
	}
	return angle(three[1]) < angle(three[2])
}

// wedgeStyle returns the style of a bond that gives the centre its handedness.
func (g *graph) wedgeStyle(pos []complex128, atom, bond int) Style {
	order := g.neighbours[atom]
	counterclockwise := g.Atom(atom).Chirality == chem.Counterclockwise
	if len(order) == 3 {
		// A wedge puts the hydrogen or lone pair, which stands first, behind:
		// the viewer sees the three turn the other way.
		if turnsCounterclockwise(pos, atom, order) != counterclockwise {
			return Wedge
		}
		return Hash
	}
	// Seen from a neighbour at an even position, the others turn as they do from
	// the first.
	place := slices.Index(order, g.Bond(bond).Other(atom))
	others := slices.Delete(slices.Clone(order), place, place+1)
	fromWedge := counterclockwise == (place%2 == 0)
	if turnsCounterclockwise(pos, atom, others) == fromWedge {
		return Wedge
	}
	return Hash
}

// bestWedge chooses a centre's bond out of the plane; -1 if all are taken.
func (g *graph) bestWedge(pos []complex128, atom int, taken map[int]bool) int {
	best, bestCost := -1, math.Inf(1)
	for k := range g.Degree(atom) {
		bond := g.BondAt(atom, k)
		if taken[bond] || g.Bond(bond).Order > 1 && g.Degree(atom) > 3 {
			continue
		}
		if cost := g.wedgeCost(pos, atom, bond); cost < bestCost-1e-9 {
			best, bestCost = bond, cost
		}
	}
	return best
}

func (g *graph) wedgeCost(pos []complex128, atom, bond int) float64 {
	b := g.Bond(bond)
	other := b.Other(atom)
	cost := 0.1 * float64(min(g.Degree(other), 8))
	if b.InRing {
		cost += 2
	}
	if b.Order > 1 {
		cost += 20
	}
	if g.Atom(other).Chirality != chem.Unspecified {
		cost += 5
	}
	if !g.isTerminal(other) {
		cost++
	}
	return cost + g.ambiguity(pos, atom, other)
}

// ambiguity grades a wedge at a centre with three neighbours. Between two
// others that are less than half a turn apart, it can be read both ways.
func (g *graph) ambiguity(pos []complex128, atom, other int) float64 {
	if g.Degree(atom) != 3 {
		return 0
	}
	var rest []complex128
	for _, n := range g.neighbours[atom] {
		if n != other {
			rest = append(rest, unit(pos[n]-pos[atom]))
		}
	}
	own := unit(pos[other] - pos[atom])
	between := cross(rest[0], own)*cross(own, rest[1]) > 0 && dot(own, rest[0]+rest[1]) > 0
	if between {
		return 50
	}
	if math.Abs(cross(rest[0], rest[1])) < 0.1 {
		return 3
	}
	return 0
}
