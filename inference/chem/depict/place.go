package depict

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// placement is the layout of one connected part as it grows.
type placement struct {
	*graph
	pos    []complex128
	placed []bool
	// parent is the atom from which each atom was placed, -1 for the first
	// ones.
	parent []int
	// reach is the length of the longest chain that goes on from an atom away
	// from its parent.
	reach map[[2]int]int
	queue []int
	// part lists the atoms of the part that grows.
	part []int
}

// place lays out all components side by side.
func (g *graph) place() []complex128 {
	for _, b := range g.blocks {
		g.layBlock(b)
	}
	p := &placement{
		graph:  g,
		pos:    make([]complex128, g.NumAtoms()),
		placed: make([]bool, g.NumAtoms()),
		parent: make([]int, g.NumAtoms()),
		reach:  map[[2]int]int{},
	}
	parts := g.ComponentAtoms()
	for _, part := range parts {
		anchor, rotation := p.placePart(part)
		p.fixGeometry(part, anchor)
		g.removeOverlaps(p.pos, part, anchor)
		g.orient(p.pos, part, rotation)
	}
	pack(p.pos, parts)
	return p.pos
}

// placePart places a connected part: a ring system first, or the end of its
// longest chain, then everything else from there outwards. It returns the
// first atom placed, which keeps its position from then on, and how far the
// part may be turned.
func (p *placement) placePart(part []int) (anchor int, rotation rotation) {
	p.part = part
	first := p.seed(part)
	p.parent[first] = -1
	if b := p.seedBlock(first); b != nil {
		p.putBlock(b, first, 0, p.outwardOf(b, first))
		rotation = b.rotation
	} else {
		p.put(first, -1, 0)
	}
	for len(p.queue) > 0 {
		atom := p.queue[0]
		p.queue = p.queue[1:]
		p.grow(atom)
	}
	return first, rotation
}

// seed returns the atom to begin with: one of the largest ring system, those
// that may not be turned freely first, or else the end of the longest chain.
func (p *placement) seed(part []int) int {
	best := -1
	var bestSize int
	for _, a := range part {
		for _, i := range p.blocksOf[a] {
			b := p.blocks[i]
			size := len(b.atoms)
			if b.rotation != freeRotation {
				size += p.NumAtoms()
			}
			if size > bestSize {
				best, bestSize = a, size
			}
		}
	}
	if best >= 0 {
		return best
	}
	return slices.MaxFunc(part, func(a, b int) int { return cmp.Compare(p.reachFrom(a), p.reachFrom(b)) })
}

// seedBlock returns the ring system that a part begins with, nil for none.
func (p *placement) seedBlock(seed int) *block {
	var best *block
	for _, i := range p.blocksOf[seed] {
		if b := p.blocks[i]; best == nil || b.rotation > best.rotation || b.rotation == best.rotation && len(b.atoms) > len(best.atoms) {
			best = b
		}
	}
	return best
}

// reachFrom returns the length of the longest chain that starts at an atom.
func (p *placement) reachFrom(atom int) int {
	longest := 0
	for _, n := range p.neighbours[atom] {
		longest = max(longest, p.reachOf(atom, n))
	}
	return longest
}

// reachOf returns the number of atoms on the longest path over a bond and
// beyond; a ring system counts as one step more than the path into it.
func (p *placement) reachOf(from, to int) int {
	key := [2]int{from, to}
	if known, ok := p.reach[key]; ok {
		return known
	}
	p.reach[key] = 1
	longest := 0
	for _, n := range p.neighbours[to] {
		if n != from {
			longest = max(longest, p.reachOf(to, n))
		}
	}
	p.reach[key] = longest + 1
	return longest + 1
}

func (p *placement) put(atom, parent int, at complex128) {
	p.pos[atom], p.placed[atom], p.parent[atom] = at, true, parent
	p.queue = append(p.queue, atom)
}

// putBlock places a ring system so that one of its atoms is at a point, and its
// outward direction there is the given one.
func (p *placement) putBlock(b *block, atom int, at, outward complex128) {
	spin := outward / p.outwardOf(b, atom)
	origin := b.pos[atom]
	for _, a := range b.atoms {
		if !p.placed[a] {
			p.put(a, -1, at+(b.pos[a]-origin)*spin)
		}
	}
}

// outwardOf returns the direction in which the first bond leads away from an
// atom of a ring system.
func (p *placement) outwardOf(b *block, atom int) complex128 {
	var inside []complex128
	outside := 0
	for _, n := range p.neighbours[atom] {
		if q, ok := b.pos[n]; ok && p.sharedBlock(atom, n) {
			inside = append(inside, q-b.pos[atom])
		} else {
			outside++
		}
	}
	start, width := widestGap(inside)
	if len(p.blocksOf[atom]) > 1 {
		outside = 1
	}
	return turn(start + width/float64(max(outside, 1)+1))
}

// grow places the branches of a placed atom.
func (p *placement) grow(atom int) {
	for _, block := range p.blocksOf[atom] {
		if !p.blockPlaced(block) {
			start, width := widestGap(p.directions(atom))
			p.putBlock(p.blocks[block], atom, p.pos[atom], turn(start+width/2+180))
		}
	}
	var arms []int
	for _, n := range p.neighbours[atom] {
		if !p.placed[n] {
			arms = append(arms, n)
		}
	}
	slices.SortStableFunc(arms, func(a, b int) int {
		return cmp.Compare(p.reachOf(atom, b), p.reachOf(atom, a))
	})
	for i, direction := range p.armDirections(atom, arms) {
		p.hang(atom, arms[i], direction)
	}
}

func (p *placement) blockPlaced(block int) bool {
	for _, a := range p.blocks[block].atoms {
		if !p.placed[a] {
			return false
		}
	}
	return true
}

// hang places an atom, with its ring system if it has one, one bond away.
func (p *placement) hang(from, atom int, direction complex128) {
	at := p.pos[from] + direction
	if len(p.blocksOf[atom]) == 0 {
		p.put(atom, from, at)
		return
	}
	p.putBlock(p.blocks[p.blocksOf[atom][0]], atom, at, -direction)
}

// fixGeometry mirrors one side of each double bond that was drawn cis instead
// of trans, or the reverse. To mirror a side in the bond's own line changes no
// other bond's geometry. The anchor keeps its position.
func (p *placement) fixGeometry(part []int, anchor int) {
	for _, b := range p.bondsOf(part) {
		if !b.InRing && b.Geometry != chem.NoGeometry && drawnGeometry(b, p.pos) != b.Geometry {
			mirrorSide(p.pos, p.sideWithout(anchor, b), p.pos[b.Begin], p.pos[b.End])
		}
	}
}

// drawnGeometry returns the geometry of a double bond in a drawing.
func drawnGeometry(b chem.Bond, pos []complex128) chem.Geometry {
	axis := pos[b.End] - pos[b.Begin]
	begin, end := cross(axis, pos[b.BeginRef]-pos[b.Begin]), cross(axis, pos[b.EndRef]-pos[b.End])
	if (begin > 0) == (end > 0) {
		return chem.Cis
	}
	return chem.Trans
}

// mirrorSide reflects atoms in the line through two points.
func mirrorSide(pos []complex128, atoms []int, a, b complex128) {
	for _, atom := range atoms {
		pos[atom] = mirror(pos[atom], a, b)
	}
}
