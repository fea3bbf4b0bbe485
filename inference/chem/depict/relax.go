package depict

import (
	"math"
)

// spring pulls or pushes two points to a distance, or only pushes them apart to
// it.
type spring struct {
	a, b   int
	length float64
	weight float64
	// pushes says that the spring only pushes: it is slack beyond its length.
	pushes bool
}

// maxRelaxWork bounds the work of relax, in springs visited.
const maxRelaxWork = 20_000_000

// relax moves points until the springs between them are nearly at rest, and
// returns the springs' energy. It uses steepest descent with a step that grows
// while it helps. The energy is a sum of squared deviations, as in the
// force-directed drawing of graphs (Kamada & Kawai, Inf. Process. Lett. 1989,
// 31, 7).
func relax(points []complex128, springs []spring) (energy float64) {
	const rounds, wide = 400, 0.3
	step := 0.05
	gradient, next, trial := make([]complex128, len(points)), make([]complex128, len(points)), make([]complex128, len(points))
	energy = descend(points, springs, gradient)
	for round := 0; round < rounds && round*len(springs) < maxRelaxWork; round++ {
		for i, p := range points {
			move := scale(gradient[i], -step)
			if d := distance(move, 0); d > wide {
				move = scale(move, wide/d)
			}
			trial[i] = p + move
		}
		lower := descend(trial, springs, next)
		if lower > energy {
			step /= 2
			if step < 1e-7 {
				break
			}
			continue
		}
		if energy-lower < 1e-7 {
			copy(points, trial)
			return lower
		}
		energy, gradient, next = lower, next, gradient
		copy(points, trial)
		step *= 1.1
	}
	return energy
}

// descend returns the energy of springs and puts its gradient in place.
func descend(points []complex128, springs []spring, gradient []complex128) float64 {
	clear(gradient)
	var energy float64
	for _, s := range springs {
		v := points[s.a] - points[s.b]
		d := math.Sqrt(dot(v, v))
		stretch := d - s.length
		if s.pushes && stretch > 0 {
			continue
		}
		energy += s.weight * stretch * stretch
		if d < 1e-6 {
			// two points in one place part in some direction
			v, d = turn(float64(s.a*37+s.b*101)), 1
		}
		pull := scale(v, 2*s.weight*stretch/d)
		gradient[s.a] += pull
		gradient[s.b] -= pull
	}
	return energy
}

// blockSprings returns the springs of a ring system: bonds have length 1, atoms
// across a ring's corner are as far apart as in the regular polygon, and all
// others push each other away.
func (g *graph) blockSprings(atoms []int, rings [][]int) []spring {
	index := make(map[int]int, len(atoms))
	for i, a := range atoms {
		index[a] = i
	}
	corner := map[[2]int]float64{}
	for _, ring := range rings {
		n := len(ring)
		across := 2 * math.Cos(math.Pi/float64(max(n, 3)))
		if n > largestPolygon {
			across = math.Sqrt(3)
		}
		for i, a := range ring {
			pair := orderedPair(index[a], index[ring[(i+2)%n]])
			if old, ok := corner[pair]; !ok || across < old {
				corner[pair] = across
			}
		}
	}
	var springs []spring
	for i, a := range atoms {
		for j, c := range atoms[:i] {
			pair := orderedPair(i, j)
			across, isCorner := corner[pair]
			switch {
			case g.BondBetween(a, c) >= 0:
				springs = append(springs, spring{a: i, b: j, length: 1, weight: 4})
			case isCorner:
				springs = append(springs, spring{a: i, b: j, length: across, weight: 0.6})
			default:
				springs = append(springs, spring{a: i, b: j, length: 1.5, weight: 0.5, pushes: true})
			}
		}
	}
	return springs
}

func orderedPair(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }

// maxRelaxedBlock is the largest block that is relaxed, in atoms.
const maxRelaxedBlock = 200

// relaxBlock reduces the strain of a block. Large blocks stay as they are.
func (g *graph) relaxBlock(b *block) {
	if len(b.atoms) > maxRelaxedBlock {
		return
	}
	points := make([]complex128, len(b.atoms))
	for i, a := range b.atoms {
		points[i] = b.pos[a]
	}
	springs := g.blockSprings(b.atoms, b.rings)
	for i, s := range springs {
		if b.rigid[b.atoms[s.a]] && b.rigid[b.atoms[s.b]] {
			springs[i] = spring{a: s.a, b: s.b, length: distance(points[s.a], points[s.b]), weight: 2}
		}
	}
	relax(points, springs)
	for i, a := range b.atoms {
		b.pos[a] = points[i]
	}
}
