package depict

import (
	"cmp"
	"slices"
)

// shape is a sequence of turns, left (1) and right (-1), with its cost.
type shape struct {
	turns []int
	cost  float64
}

// keptShapes is how many shapes of each kind are relaxed before one is chosen.
const keptShapes = 4

// bestTurns returns the best shapes of two kinds: those that search finds, and
// those with right turns at even distances, which become round when relaxed but
// do not close before.
func (w *ringPreference) bestTurns() []shape {
	n := len(w.corner)
	var searched, even []shape
	for _, rights := range []int{(n - 6) / 2, (n - 5) / 2, (n - 7) / 2} {
		if rights < 0 || rights > n/2 {
			continue
		}
		if n <= largestSearched {
			w.search(make([]int, n), 0, rights, func(turns []int) { searched = keep(searched, turns, w.cost(turns)) })
		}
		if n > largestPolygon {
			spread(n, rights, func(turns []int) { even = keep(even, turns, w.preferenceCost(turns)) })
		}
	}
	return slices.Concat(searched, even)
}

// keep adds a shape to the best ones in order of their costs.
func keep(best []shape, turns []int, cost float64) []shape {
	if len(best) == keptShapes && cost >= best[keptShapes-1].cost {
		return best
	}
	at, _ := slices.BinarySearchFunc(best, cost, func(s shape, c float64) int { return cmp.Compare(s.cost, c+1e-9) })
	best = slices.Insert(best, at, shape{slices.Clone(turns), cost})
	return best[:min(len(best), keptShapes)]
}

// search tries all ways to place right turns, with two in a row only if that is
// preferred.
func (w *ringPreference) search(turns []int, at, rights int, try func([]int)) {
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

func (w *ringPreference) wishesIn(i int) bool { return w.corner[i] < 0 }

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

// cost grades a shape. Wrong double bonds and unmet firm preferences cost the
// most, then shapes that cannot be drawn well, then other preferences.
func (w *ringPreference) cost(turns []int) float64 {
	if len(turns) <= largestPolygon {
		return w.preferenceCost(turns)
	}
	return w.preferenceCost(turns) + walkCost(turns)
}

// preferenceCost grades the preferences that a shape does not meet. Small rings
// look best with few right turns.
func (w *ringPreference) preferenceCost(turns []int) float64 {
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
	return cost
}

// broken grades the double bonds whose geometry is wrong in a drawn ring.
func (w *ringPreference) broken(points []complex128) float64 {
	n := len(points)
	var cost float64
	for i, wanted := range w.trans {
		begin, end := points[i], points[(i+1)%n]
		before, after := points[(i+n-1)%n], points[(i+2)%n]
		if isTrans := cross(end-begin, before-begin)*cross(end-begin, after-end) < 0; wanted != 0 && isTrans != (wanted > 0) {
			cost += 100
		}
	}
	return cost
}

// hopelessGap is the distance between ends that relaxing would not close well.
const hopelessGap = 2

// walkCost grades a walk around a ring by how far its ends are apart, by
// crossings, by atoms in each other's way and by its lack of roundness.
func walkCost(turns []int) float64 {
	n := len(turns)
	points := followTurns(turns)
	last := points[n-1] - points[n-2]
	gap := distance(points[n-1]+last*turn(float64(turns[n-1])*60+stepTurn(turns)), points[0])
	cost := 2*gap*gap + roundness(points)
	if gap > hopelessGap {
		return cost + 50
	}
	for i, p := range points {
		for j := range i {
			d := distance(p, points[j])
			if apart := min(i-j, n-i+j); apart > 1 && d < 1.2 {
				cost += 5
			}
			if next := points[(i+1)%n]; d < 2 && segmentsCross(p, next, points[j], points[j+1]) {
				cost += 50
			}
		}
	}
	return cost
}

// roundness returns a penalty that grows with how far a ring's atoms stick out.
func roundness(points []complex128) float64 {
	middle := centroid(points)
	widest := 0.0
	for _, p := range points {
		widest = max(widest, dot(p-middle, p-middle))
	}
	return 0.8 * widest
}

// stepTurn returns the angle that is added at each corner, beyond 60° to the
// left or right, so that all corners together turn once around.
func stepTurn(turns []int) float64 {
	sum := 0
	for _, t := range turns {
		sum += t
	}
	return float64(360-60*sum) / float64(len(turns))
}

// followTurns follows a ring's turns in steps of length 1. Each corner turns
// after the step that leads to it.
func followTurns(turns []int) []complex128 {
	extra := stepTurn(turns)
	points := make([]complex128, len(turns))
	direction := complex128(1)
	for i := 1; i < len(turns); i++ {
		points[i] = points[i-1] + direction
		direction *= turn(float64(turns[i])*60 + extra)
	}
	return points
}
