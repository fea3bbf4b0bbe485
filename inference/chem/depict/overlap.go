package depict

import (
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// overlapSearch is the search for an arrangement of branches in which nothing
// overlaps.
type overlapSearch struct {
	*graph
	pos  []complex128
	part []int
	// bonds are those of the part.
	bonds []chem.Bond
	// hinges are the bonds outside rings that carry a branch.
	hinges []hinge
	work   int
	// bent says how far the branch at each hinge has been turned, in degrees.
	bent []float64
}

// hinge is a bond outside rings with the side of it that moves.
type hinge struct {
	near, far int
	atoms     []int
	// mirrors reports whether the side may be mirrored in the bond: not if that
	// changes a double bond's geometry.
	mirrors bool
	// maxBend is how far the side may be turned about near, in degrees.
	maxBend float64
}

const (
	// maxOverlapWork bounds the search, in examined pairs of atoms.
	maxOverlapWork = 10_000_000
	// nearAtoms is how near atoms may come that are not bonded to each other.
	// nearLetter applies if one of them is written out, nearLetters if both are;
	// written hydrogens need more.
	nearAtoms   = 0.95
	nearLetter  = 1.02
	nearLetters = 1.25
	// widestRoom is more than any two atoms need.
	widestRoom = nearLetters + 0.4
	// nearBond is how near an atom may come to a bond.
	nearBond = 0.5
)

// removeOverlaps turns and mirrors branches of one part until nothing overlaps
// or no change helps.
func (g *graph) removeOverlaps(pos []complex128, part []int, anchor int) {
	t := &overlapSearch{graph: g, pos: pos, part: part, bonds: g.bondsOf(part)}
	cost, overlapping := t.overlap()
	if cost == 0 {
		return
	}
	t.findHinges(anchor)
	for cost > 1e-6 {
		improved := t.improve(cost, overlapping)
		if improved >= cost-1e-6 {
			return
		}
		cost, overlapping = t.overlap()
	}
}

func (t *overlapSearch) findHinges(anchor int) {
	for _, b := range t.bonds {
		if b.InRing {
			continue
		}
		h := hinge{near: b.Begin, far: b.End, atoms: t.side(b.Begin, b.End)}
		if slices.Contains(h.atoms, anchor) {
			h = hinge{near: b.End, far: b.Begin, atoms: t.side(b.End, b.Begin)}
		}
		h.maxBend = 60
		if t.atStereoBond(h.near) {
			h.maxBend = 30
		}
		h.mirrors = b.Geometry == chem.NoGeometry && len(h.atoms) > 1
		t.hinges = append(t.hinges, h)
	}
	t.bent = make([]float64, len(t.hinges))
}

func (t *overlapSearch) atStereoBond(atom int) bool {
	for k := range t.Degree(atom) {
		if t.Bond(t.BondAt(atom, k)).Geometry != chem.NoGeometry {
			return true
		}
	}
	return false
}

// choice is the best change found so far and the overlap it leaves.
type choice struct {
	change func()
	cost   float64
}

// improve makes the change that helps most and returns the overlap that is
// left. It mirrors one hinge; if that does not halve the overlap, it bends one
// or mirrors two.
func (t *overlapSearch) improve(cost float64, overlapping map[int]bool) float64 {
	hinges := t.relevant(overlapping)
	best := choice{cost: cost - 1e-6}
	t.tryMirrors(hinges, &best)
	if best.cost > cost/2 {
		t.tryBends(hinges, &best)
	}
	if best.cost > cost/2 {
		t.tryPairs(hinges, &best)
	}
	if best.change == nil {
		return cost
	}
	best.change()
	return best.cost
}

// try makes a change, grades it and undoes it.
func (t *overlapSearch) try(change func(), best *choice) {
	if t.work > maxOverlapWork {
		return
	}
	pos, bent := slices.Clone(t.pos), slices.Clone(t.bent)
	change()
	if cost, _ := t.overlap(); cost < best.cost {
		*best = choice{change, cost}
	}
	copy(t.pos, pos)
	copy(t.bent, bent)
}

func (t *overlapSearch) tryMirrors(hinges []int, best *choice) {
	for _, h := range hinges {
		if t.hinges[h].mirrors {
			t.try(func() { t.mirror(h) }, best)
		}
	}
}

func (t *overlapSearch) tryBends(hinges []int, best *choice) {
	for _, h := range hinges {
		for _, angle := range []float64{15, -15, 30, -30, 60, -60} {
			if math.Abs(t.bent[h]+angle) <= t.hinges[h].maxBend {
				t.try(func() { t.bend(h, angle) }, best)
			}
		}
	}
}

func (t *overlapSearch) tryPairs(hinges []int, best *choice) {
	for i, h := range hinges {
		for _, k := range hinges[:i] {
			if t.hinges[h].mirrors && t.hinges[k].mirrors {
				t.try(func() { t.mirror(h); t.mirror(k) }, best)
			}
		}
	}
}

// relevant lists the hinges that move overlapping atoms against others.
func (t *overlapSearch) relevant(overlapping map[int]bool) []int {
	var found []int
	for i, h := range t.hinges {
		moved := 0
		for _, a := range h.atoms {
			if overlapping[a] {
				moved++
			}
		}
		if moved > 0 && moved < len(overlapping) {
			found = append(found, i)
		}
	}
	return found
}

func (t *overlapSearch) mirror(hinge int) {
	h := t.hinges[hinge]
	mirrorSide(t.pos, h.atoms, t.pos[h.near], t.pos[h.far])
}

// bend turns the moving side about the near atom.
func (t *overlapSearch) bend(hinge int, degrees float64) {
	h := t.hinges[hinge]
	around, by := t.pos[h.near], turn(degrees)
	for _, a := range h.atoms {
		t.pos[a] = around + (t.pos[a]-around)*by
	}
	t.bent[hinge] += degrees
}

// overlap grades how much a part's drawing overlaps itself, with 0 for not at
// all, and returns the atoms that overlap.
func (t *overlapSearch) overlap() (cost float64, overlapping map[int]bool) {
	overlapping = map[int]bool{}
	for i, a := range t.part {
		for _, b := range t.part[:i] {
			d := distance(t.pos[a], t.pos[b])
			if d >= widestRoom || t.isFixedPair(a, b) {
				continue
			}
			if c := tooNear(d, t.room(a, b)); c > 0 {
				cost += c
				overlapping[a], overlapping[b] = true, true
			}
		}
	}
	for i, b := range t.bonds {
		for _, c := range t.bonds[:i] {
			if grade := t.bondOverlap(b, c); grade > 0 {
				cost += grade
				overlapping[b.Begin], overlapping[b.End], overlapping[c.Begin], overlapping[c.End] = true, true, true, true
			}
		}
	}
	t.work += len(t.part)*len(t.part) + len(t.bonds)*len(t.bonds)
	for _, angle := range t.bent {
		if angle != 0 {
			cost += 0.02 + 0.0001*angle*angle
		}
	}
	return cost, overlapping
}

// room returns how near two atoms may come.
func (t *overlapSearch) room(a, b int) float64 {
	if t.shareNeighbour(a, b) {
		return nearAtoms
	}
	letters, hydrogens := 0, 0
	for _, atom := range [2]int{a, b} {
		if t.Atom(atom).Element == chem.Carbon {
			continue
		}
		letters++
		if t.Atom(atom).Hydrogens > 0 {
			hydrogens++
		}
	}
	if letters < 2 {
		return [2]float64{nearAtoms, nearLetter}[letters]
	}
	return nearLetters + 0.2*float64(hydrogens)
}

func (t *overlapSearch) shareNeighbour(a, b int) bool {
	return slices.ContainsFunc(t.neighbours[a], func(n int) bool { return slices.Contains(t.neighbours[b], n) })
}

// isFixedPair reports whether two atoms are bonded or in one ring system, so
// that no hinge moves one against the other.
func (t *overlapSearch) isFixedPair(a, b int) bool {
	for _, x := range t.blocksOf[a] {
		if slices.Contains(t.blocksOf[b], x) {
			return true
		}
	}
	return t.BondBetween(a, b) >= 0
}

// bondOverlap grades a crossing of two bonds, or an atom of one on the other.
func (t *overlapSearch) bondOverlap(b, c chem.Bond) float64 {
	p, q, r, s := t.pos[b.Begin], t.pos[b.End], t.pos[c.Begin], t.pos[c.End]
	if distance(p, r) > 2.2 || b.Begin == c.Begin || b.Begin == c.End || b.End == c.Begin || b.End == c.End ||
		b.InRing && c.InRing && t.isFixedPair(b.Begin, c.Begin) {
		return 0
	}
	cost := tooNear(distanceToSegment(p, r, s), nearBond) + tooNear(distanceToSegment(q, r, s), nearBond) +
		tooNear(distanceToSegment(r, p, q), nearBond) + tooNear(distanceToSegment(s, p, q), nearBond)
	if segmentsCross(p, q, r, s) {
		cost += 2
	}
	return cost
}

// bondsOf lists the bonds of a part.
func (g *graph) bondsOf(part []int) []chem.Bond {
	var bonds []chem.Bond
	for _, a := range part {
		for k := range g.Degree(a) {
			if b := g.Bond(g.BondAt(a, k)); b.Begin == a {
				bonds = append(bonds, b)
			}
		}
	}
	return bonds
}
