package depict

import (
	"cmp"
	"math"
	"slices"
)

// bridgedCore returns the rings of a block's largest bridged part: rings that
// share more than one bond with each other, directly or through others. It
// leaves large rings and those that share bonds with them to ringShape, whose
// turns make room for them. The result is nil if nothing is bridged.
func (g *graph) bridgedCore(b *block) [][]int {
	var best [][]int
	done := make([]bool, len(b.rings))
	for i := range b.rings {
		if done[i] {
			continue
		}
		done[i] = true
		core := [][]int{b.rings[i]}
		for k := 0; k < len(core); k++ {
			for j, other := range b.rings {
				if !done[j] && isBridge(core[k], other) {
					done[j] = true
					core = append(core, other)
				}
			}
		}
		if len(core) > max(1, len(best)) {
			best = core
		}
	}
	return best
}

// isBridge reports whether two rings share more than a bond, and neither is
// large.
func isBridge(r, s []int) bool {
	return sharedAtoms(r, s) > 2 && len(r) <= largestPolygon && len(s) <= largestPolygon
}

// layCore places the atoms of a bridged core. A known ring template gives the
// coordinates that chemists are used to. Any other core is drawn several times,
// each time with another of its larger cycles as the outline and the rest
// inside (Tutte, Proc. London Math. Soc. 1963, 13, 743), and relaxed; the
// tidiest drawing is taken.
func (g *graph) layCore(core [][]int, b *block) map[int]complex128 {
	atoms := distinctAtoms(core)
	best, bestCost, rotation := g.fromTemplates(atoms)
	b.rotation = rotation
	if best == nil {
		for _, outline := range g.outlines(core) {
			points := g.insideOutline(atoms, outline)
			relax(points, g.blockSprings(atoms, core))
			if cost := g.untidiness(atoms, points); cost < bestCost-1e-6 {
				best, bestCost = points, cost
			}
		}
	}
	pos := make(map[int]complex128, len(atoms))
	for i, a := range atoms {
		pos[a] = best[i]
	}
	return pos
}

// maxOutlines bounds how many cycles are tried as the outline of a core, and
// maxSummedRings how many rings are combined to find them.
const (
	maxOutlines    = 24
	maxSummedRings = 8
)

// outlines returns the simple cycles that are sums of a core's rings, largest
// first.
func (g *graph) outlines(core [][]int) [][]int {
	rings := core[:min(len(core), maxSummedRings)]
	var cycles [][]int
	for set := 1; set < 1<<len(rings); set++ {
		in := map[int]bool{}
		for i, ring := range rings {
			if set>>i&1 == 0 {
				continue
			}
			for _, bond := range g.BondsAround(ring) {
				in[bond] = !in[bond]
			}
		}
		if cycle := g.cycleOf(in); cycle != nil {
			cycles = append(cycles, cycle)
		}
	}
	slices.SortStableFunc(cycles, func(r, s []int) int { return cmp.Compare(len(s), len(r)) })
	return cycles[:min(len(cycles), maxOutlines)]
}

// cycleOf returns the atoms around a set of bonds; nil if the bonds are not one
// cycle.
func (g *graph) cycleOf(in map[int]bool) []int {
	next := map[int][]int{}
	start, size := -1, 0
	for bond, is := range in {
		if !is {
			continue
		}
		b := g.Bond(bond)
		next[b.Begin] = append(next[b.Begin], b.End)
		next[b.End] = append(next[b.End], b.Begin)
		if start < 0 || b.Begin < start {
			start = b.Begin
		}
		size++
	}
	if start < 0 {
		return nil
	}
	for _, pair := range next {
		if len(pair) != 2 {
			return nil
		}
		slices.Sort(pair)
	}
	cycle := []int{start}
	for previous, at := start, next[start][0]; at != start; {
		cycle = append(cycle, at)
		onward := next[at][0]
		if onward == previous {
			onward = next[at][1]
		}
		previous, at = at, onward
	}
	if len(cycle) != size {
		return nil
	}
	return cycle
}

// insideOutline puts a cycle on a regular polygon and each other atom at the
// mean of its neighbours.
func (g *graph) insideOutline(atoms, outline []int) []complex128 {
	points := make([]complex128, len(atoms))
	index := map[int]int{}
	for i, a := range atoms {
		index[a] = i
	}
	pinned := make([]bool, len(atoms))
	for k, p := range regularPolygon(len(outline)) {
		points[index[outline[k]]] = p
		pinned[index[outline[k]]] = true
	}
	for range 100 {
		for i, a := range atoms {
			if pinned[i] {
				continue
			}
			var around []complex128
			for _, n := range g.neighbours[a] {
				if j, ok := index[n]; ok {
					around = append(around, points[j])
				}
			}
			points[i] = centroid(around)
		}
	}
	return points
}

// untidiness grades a core's drawing, by crossing bonds, bonds of wrong
// lengths, atoms too near each other, and lack of room for the neighbours
// outside the core.
func (g *graph) untidiness(atoms []int, points []complex128) float64 {
	var cost float64
	for i, a := range atoms {
		for j := range i {
			d := distance(points[i], points[j])
			if g.BondBetween(a, atoms[j]) >= 0 {
				cost += 4 * (d - 1) * (d - 1)
			} else {
				cost += tooNear(d, 0.8)
			}
		}
	}
	bonds := g.bondPairs(atoms)
	for k, b := range bonds {
		for _, c := range bonds[:k] {
			if segmentsCross(points[b[0]], points[b[1]], points[c[0]], points[c[1]]) {
				cost += 3
			}
		}
	}
	return cost + g.substituentCrowding(atoms, points)
}

// tooNear returns a penalty that grows as a distance falls below the wanted
// one.
func tooNear(d, wanted float64) float64 {
	if d >= wanted {
		return 0
	}
	return 4 * (wanted - d) * (wanted - d) / (wanted * wanted)
}

// substituentCrowding grades how much room the neighbours outside a core find,
// in the widest gap between the bonds of each atom.
func (g *graph) substituentCrowding(atoms []int, points []complex128) float64 {
	var cost float64
	bonds := g.bondPairs(atoms)
	for i, a := range atoms {
		var inside []complex128
		outside := 0
		for _, n := range g.neighbours[a] {
			if j := slices.Index(atoms, n); j >= 0 {
				inside = append(inside, points[j]-points[i])
			} else {
				outside++
			}
		}
		start, width := widestGap(inside)
		for k := range outside {
			p := points[i] + turn(start+width*float64(k+1)/float64(outside+1))
			near := math.Inf(1)
			for _, b := range bonds {
				if b[0] == i || b[1] == i {
					continue
				}
				near = min(near, distanceToSegment(p, points[b[0]], points[b[1]]))
				if segmentsCross(points[i], p, points[b[0]], points[b[1]]) {
					cost += 2
				}
			}
			cost += tooNear(near, 0.8)
		}
	}
	return cost
}

// bondPairs lists the bonds among atoms, by their places in the list.
func (g *graph) bondPairs(atoms []int) [][2]int {
	var pairs [][2]int
	for i, a := range atoms {
		for j, b := range atoms[:i] {
			if g.BondBetween(a, b) >= 0 {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	return pairs
}
