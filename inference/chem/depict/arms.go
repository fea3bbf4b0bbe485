package depict

import (
	"math"
	"slices"
)

// directions lists the directions of an atom's placed neighbours.
func (p *placement) directions(atom int) []complex128 {
	var found []complex128
	for _, n := range p.neighbours[atom] {
		if p.placed[n] {
			found = append(found, unit(p.pos[n]-p.pos[atom]))
		}
	}
	return found
}

// armDirections chooses where the arms of an atom go, the longest first.
func (p *placement) armDirections(atom int, arms []int) []complex128 {
	taken := p.directions(atom)
	if len(arms) == 0 {
		return nil
	}
	if len(taken) != 1 {
		return p.spreadArms(taken, len(arms))
	}
	back := taken[0]
	if len(arms) == 1 && p.isLinear(atom) {
		return []complex128{-back}
	}
	angles := p.chainAngles(arms)
	side := p.zigzagSide(atom)
	directions := make([]complex128, len(arms))
	for i, angle := range angles {
		directions[i] = back * turn(side*angle)
	}
	return directions
}

// spreadArms divides the widest gap between bonds evenly. The very first bond
// rises to the right.
func (p *placement) spreadArms(taken []complex128, arms int) []complex128 {
	start, width := widestGap(taken)
	share := width / float64(arms+1)
	if len(taken) == 0 {
		start, share = 30, width/float64(arms)
		start -= share
	}
	directions := make([]complex128, arms)
	for i := range directions {
		directions[i] = turn(start + share*float64(i+1))
	}
	return directions
}

// chainAngles returns the angles between the bond that leads to an atom and the
// atom's arms. Up to two arms have 120°. Of three arms, one continues the
// chain's zig-zag and the others share the far side; three ends make a cross.
func (p *placement) chainAngles(arms []int) []float64 {
	switch {
	case len(arms) == 1:
		return []float64{120}
	case len(arms) == 2:
		return []float64{120, 240}
	case len(arms) == 3 && !slices.ContainsFunc(arms, func(a int) bool { return !p.isTerminal(a) }):
		return []float64{180, 90, 270}
	case len(arms) == 3:
		return []float64{120, 200, 280}
	}
	angles := make([]float64, len(arms))
	for i := range angles {
		angles[i] = 360 * float64(i+1) / float64(len(arms)+1)
	}
	return angles
}

// zigzagSide returns the side to which the longest arm turns (1 for
// counterclockwise): away from the atom before the last one, so that the chain
// is trans; after a ring, to the side with more room.
func (p *placement) zigzagSide(atom int) float64 {
	before := -1
	for _, n := range p.neighbours[atom] {
		if p.placed[n] {
			before = n
		}
	}
	axis := p.pos[atom] - p.pos[before]
	if q := p.parent[before]; q >= 0 {
		if cross(axis, p.pos[q]-p.pos[before]) > 0 {
			return 1
		}
		return -1
	}
	var balance float64
	for _, a := range p.part {
		if p.placed[a] && a != atom {
			v := p.pos[a] - p.pos[atom]
			balance += cross(axis, v) / (1 + math.Pow(distance(v, 0), 3))
		}
	}
	if balance > 1e-6 {
		return 1
	}
	return -1
}
