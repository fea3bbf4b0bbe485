package depict

import (
	"math"
	"slices"
)

// skeleton is a bridged ring system with the coordinates it is usually drawn
// with, in bond lengths.
type skeleton struct {
	points []complex128
	bonds  [][2]int
}

// skeletons are common among terpenoids. Some are there twice, in perspective
// and flat, as substituents leave room in the one or the other.
var skeletons = []skeleton{
	// Bicyclo[2.2.1]heptane in perspective: bornane, fenchane. The one-atom
	// bridge, last, is on top.
	{
		points: []complex128{-0.95 + 0.05i, -0.6 - 0.82i, 0.45 - 0.82i, 0.95 + 0.05i, 0.5 - 0.12i, -0.25 - 0.12i, 0.05 + 0.72i},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 3}},
	},
	// The same, flat: a hexagon with the bridge inside.
	{
		points: []complex128{1i, 0.87 + 0.5i, 0.87 - 0.5i, -1i, -0.87 - 0.5i, -0.87 + 0.5i, -0.25},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 3}},
	},
	// Bicyclo[3.1.1]heptane: pinane. The last atom is a bridge of its own in the
	// middle of a hexagon.
	{
		points: []complex128{0.87 + 0.5i, 0.87 - 0.5i, -1i, -0.87 - 0.5i, -0.87 + 0.5i, 1i, 0},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {4, 6}, {6, 0}},
	},
	// Bicyclo[2.2.2]octane, its bridgeheads at the top and the bottom.
	{
		points: []complex128{1.1i, 0.95 + 0.5i, 0.95 - 0.5i, -1.1i, -0.95 - 0.5i, -0.95 + 0.5i, 0.22 + 0.3i, 0.22 - 0.5i},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 7}, {7, 3}},
	},
	// Bicyclo[3.2.1]octane with the one-atom bridge, last, on top.
	{
		points: []complex128{-0.95 + 0.2i, -0.95 - 0.8i, -1.25i, 0.95 - 0.8i, 0.95 + 0.2i, 0.45 - 0.1i, -0.35 - 0.1i, 0.8i},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 0}, {0, 7}, {7, 4}},
	},
	// Bicyclo[3.3.1]nonane: two hexagons.
	{
		points: []complex128{0.95i, 0.95 + 0.95i, 1.5, 0.95 - 0.95i, -0.95i, -0.95 - 0.95i, -1.5, -0.95 + 0.95i, 0.3},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 0}, {0, 8}, {8, 4}},
	},
}

// fromTemplates places atoms that make up a known skeleton, in the way that
// leaves most room for what is attached; nil if the skeleton is not known.
func (g *graph) fromTemplates(atoms []int) (best []complex128, cost float64) {
	cost = math.Inf(1)
	for _, s := range skeletons {
		for _, match := range g.matches(s, atoms) {
			points := make([]complex128, len(atoms))
			for corner, i := range match {
				points[i] = s.points[corner]
			}
			if c := g.untidiness(atoms, points); c < cost-1e-6 {
				best, cost = points, c
			}
		}
	}
	return best, cost
}

// matches returns every way to lay a skeleton on atoms, each as the index in
// atoms of each of its corners.
func (g *graph) matches(s skeleton, atoms []int) [][]int {
	if len(s.points) != len(atoms) || len(s.bonds) != g.bondsWithin(atoms) {
		return nil
	}
	var found [][]int
	match := make([]int, 0, len(atoms))
	var extend func()
	extend = func() {
		corner := len(match)
		if corner == len(atoms) {
			found = append(found, slices.Clone(match))
			return
		}
		for i, a := range atoms {
			if !slices.Contains(match, i) && g.fits(s, corner, a, match, atoms) {
				match = append(match, i)
				extend()
				match = match[:corner]
			}
		}
	}
	extend()
	return found
}

// fits tells whether an atom has the bonds of a skeleton's corner to the corners
// before it.
func (g *graph) fits(s skeleton, corner, atom int, match, atoms []int) bool {
	for _, b := range s.bonds {
		low, high := min(b[0], b[1]), max(b[0], b[1])
		if high == corner && g.BondBetween(atom, atoms[match[low]]) < 0 {
			return false
		}
	}
	return true
}

func (g *graph) bondsWithin(atoms []int) int {
	n := 0
	for i, a := range atoms {
		for _, b := range atoms[:i] {
			if g.BondBetween(a, b) >= 0 {
				n++
			}
		}
	}
	return n
}
