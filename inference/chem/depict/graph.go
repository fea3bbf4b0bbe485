package depict

import (
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// graph is a molecule with what its layout needs again and again.
type graph struct {
	*chem.Molecule
	neighbours [][]int
	rings      [][]int
	blocks     []*block
	// blocksOf lists the blocks that an atom belongs to: two or more where it
	// is a spiro atom.
	blocksOf [][]int
}

// block is a ring system whose rings are joined by shared bonds. It is drawn
// once and then moved as a rigid body.
type block struct {
	atoms []int
	rings [][]int
	// pos are the positions of the atoms.
	pos map[int]complex128
	// rigid says which atoms belong to a bridged core, whose shape is fixed.
	rigid    map[int]bool
	rotation rotation
}

// rotation says how far a ring system may be turned in the finished drawing.
type rotation uint8

const (
	// freeRotation ring systems look right in every position.
	freeRotation rotation = iota
	// onlyMirrored ones look right only as they were laid, or mirrored left to
	// right.
	onlyMirrored
	// noRotation ones look right only as they were laid.
	noRotation
)

func newGraph(m *chem.Molecule) *graph {
	g := &graph{Molecule: m, neighbours: make([][]int, m.NumAtoms()), rings: m.SSSR()}
	for i := range g.neighbours {
		g.neighbours[i] = m.Neighbours(i)
	}
	g.findBlocks()
	return g
}

// findBlocks groups the rings that share bonds.
func (g *graph) findBlocks() {
	groupOf := make([]int, len(g.rings))
	for i := range groupOf {
		groupOf[i] = i
	}
	var root func(i int) int
	root = func(i int) int {
		if groupOf[i] != i {
			groupOf[i] = root(groupOf[i])
		}
		return groupOf[i]
	}
	ringOf := map[int]int{} // a ring by bond
	for i, ring := range g.rings {
		for _, b := range g.BondsAround(ring) {
			if j, ok := ringOf[b]; ok {
				groupOf[root(i)] = root(j)
			}
			ringOf[b] = i
		}
	}
	g.blocksOf = make([][]int, g.NumAtoms())
	blockOf := map[int]*block{}
	for i, ring := range g.rings {
		b, ok := blockOf[root(i)]
		if !ok {
			b = &block{}
			blockOf[root(i)] = b
			g.blocks = append(g.blocks, b)
		}
		b.rings = append(b.rings, ring)
	}
	for i, b := range g.blocks {
		b.atoms = distinctAtoms(b.rings)
		for _, a := range b.atoms {
			g.blocksOf[a] = append(g.blocksOf[a], i)
		}
	}
}

// distinctAtoms lists the atoms of rings in rising order.
func distinctAtoms(rings [][]int) []int {
	atoms := slices.Concat(rings...)
	slices.Sort(atoms)
	return slices.Compact(atoms)
}

// sharedBlock reports whether two bonded atoms are in one block, which then
// holds their bond.
func (g *graph) sharedBlock(a, b int) bool {
	i := g.BondBetween(a, b)
	return i >= 0 && g.Bond(i).InRing
}

// isTerminal reports whether an atom has a single neighbour.
func (g *graph) isTerminal(atom int) bool { return g.Degree(atom) == 1 }

// isLinear reports whether the two bonds of an atom stand in a line: beside a
// triple bond, or between two double bonds.
func (g *graph) isLinear(atom int) bool {
	if e := g.Atom(atom).Element; g.Degree(atom) != 2 || e != chem.Carbon && e != chem.Nitrogen {
		return false
	}
	return g.Bond(g.BondAt(atom, 0)).Order+g.Bond(g.BondAt(atom, 1)).Order >= 4
}

// sideWithout lists the atoms on the side of a bond that does not have the
// anchor. The bond is outside rings.
func (g *graph) sideWithout(anchor int, b chem.Bond) []int {
	atoms := g.side(b.Begin, b.End)
	if slices.Contains(atoms, anchor) {
		return g.side(b.End, b.Begin)
	}
	return atoms
}

// side lists the atoms on the far side of a bond outside rings, without the
// near atom.
func (g *graph) side(near, far int) []int {
	seen := map[int]bool{near: true, far: true}
	atoms := []int{far}
	for i := 0; i < len(atoms); i++ {
		for _, n := range g.neighbours[atoms[i]] {
			if !seen[n] {
				seen[n] = true
				atoms = append(atoms, n)
			}
		}
	}
	return atoms
}
