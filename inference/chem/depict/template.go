package depict

import (
	"math"
	"slices"
)

// ringTemplate is a ring system with its usual coordinates, in bond lengths.
type ringTemplate struct {
	points   []complex128
	bonds    [][2]int
	rotation rotation
	// penalty is the cost of a less familiar look than that of another template of
	// the same ring system.
	penalty float64
}

// ringTemplates are common among terpenoids. Some occur twice, in perspective
// and flat, because substituents may leave room only in one of them. Each
// corner except the first is bonded to an earlier one.
var ringTemplates = []ringTemplate{
	// Bicyclo[2.2.1]heptane in perspective: bornane, fenchane. The one-atom
	// bridge, last, is on top.
	{
		points:   []complex128{-1 + 0.1i, -0.6 - 0.85i, 0.5 - 0.85i, 1 + 0.1i, 0.5 - 0.1i, -0.3 - 0.1i, 0.05 + 0.75i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 3}},
		rotation: onlyMirrored,
		penalty:  0.4,
	},
	// The same, flat: a hexagon with the bridge inside.
	{
		points: []complex128{1i, 0.87 + 0.5i, 0.87 - 0.5i, -1i, -0.87 - 0.5i, -0.87 + 0.5i, -0.25},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 3}},
	},
	// Tricyclo[2.2.1.0²,⁶]heptane: tricyclene, santalene. The three-membered
	// ring is at the bottom.
	{
		points:   []complex128{0.9i, -1 + 0.3i, -0.55 - 0.65i, 0.55 - 0.65i, 1 + 0.3i, 0.1 - 0.15i, 0.3 + 0.4i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}, {2, 5}, {5, 3}, {5, 6}, {6, 0}},
		rotation: onlyMirrored,
	},
	// Bicyclo[3.1.1]heptane: pinane. The last atom is a bridge of its own in
	// the middle of a hexagon.
	{
		points: []complex128{0.87 + 0.5i, 0.87 - 0.5i, -1i, -0.87 - 0.5i, -0.87 + 0.5i, 1i, 0},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {4, 6}, {6, 0}},
	},
	// Bicyclo[2.2.2]octane, its bridgeheads at the top and the bottom.
	{
		points:   []complex128{1.1i, 0.95 + 0.5i, 0.95 - 0.5i, -1.1i, -0.95 - 0.5i, -0.95 + 0.5i, 0.22 + 0.3i, 0.22 - 0.5i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 6}, {6, 7}, {7, 3}},
		rotation: onlyMirrored,
	},
	// Bicyclo[3.2.1]octane with the one-atom bridge, last, on top: tropane.
	{
		points:   []complex128{-0.95 + 0.2i, -0.95 - 0.8i, -1.25i, 0.95 - 0.8i, 0.95 + 0.2i, 0.45 - 0.1i, -0.35 - 0.1i, 0.8i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 0}, {0, 7}, {7, 4}},
		rotation: onlyMirrored,
	},
	// The same with the two-atom bridge in front and the three-atom bridge
	// behind.
	{
		points:   []complex128{-1.05 + 0.1i, -0.5 - 0.4i, -0.1i, 0.5 - 0.4i, 1.05 + 0.1i, 0.6 - 0.9i, -0.6 - 0.9i, 0.8i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 0}, {0, 7}, {7, 4}},
		rotation: onlyMirrored,
		penalty:  0.6,
	},
	// The same, flat, with the one-atom bridge inside: cedrane.
	{
		points: []complex128{-0.87 + 0.3i, -0.87 - 0.7i, -1.2i, 0.87 - 0.7i, 0.87 + 0.3i, 0.55 + 1.25i, -0.55 + 1.25i, 0.5i},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 0}, {0, 7}, {7, 4}},
	},
	// Bicyclo[3.3.1]nonane with the one-atom bridge, last, on top: granatane.
	{
		points:   []complex128{-1.05 + 0.25i, -1.05 - 0.75i, -1.3i, 1.05 - 0.75i, 1.05 + 0.25i, 0.5 - 0.4i, -0.1i, -0.5 - 0.4i, 0.85i},
		bonds:    [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 0}, {0, 8}, {8, 4}},
		rotation: onlyMirrored,
		penalty:  0.4,
	},
	// The same, flat: two hexagons.
	{
		points: []complex128{0.95i, 0.95 + 0.95i, 1.5, 0.95 - 0.95i, -0.95i, -0.95 - 0.95i, -1.5, -0.95 + 0.95i, 0.3},
		bonds:  [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 0}, {0, 8}, {8, 4}},
	},
	// Gonane, the skeleton of steroids: the first ring at the lower left, the
	// last at the upper right.
	{
		points: []complex128{
			1i, -0.866 + 0.5i, -0.866 - 0.5i, -1i, 0.866 - 0.5i, 1.732 - 1i, 2.598 - 0.5i, 2.598 + 0.5i, 1.732 + 1i,
			0.866 + 0.5i, 1.732 + 2i, 2.598 + 2.5i, 3.464 + 2i, 3.464 + 1i, 4.415 + 0.691i, 5.003 + 1.5i, 4.415 + 2.309i,
		},
		bonds: [][2]int{
			{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 8}, {8, 9}, {4, 9}, {0, 9},
			{8, 10}, {10, 11}, {11, 12}, {12, 13}, {7, 13}, {13, 14}, {14, 15}, {15, 16}, {12, 16},
		},
		rotation: noRotation,
	},
	// Adamantane.
	{
		points:   []complex128{-0.61 - 0.77i, -1.21 - 0.00i, -0.00 - 0.39i, 0.00 - 1.15i, -0.60 + 0.76i, 0.61 + 0.38i, 0.61 - 0.38i, 0.00 + 0.39i, -0.00 + 1.15i, 1.21 + 0.00i},
		bonds:    [][2]int{{0, 1}, {4, 1}, {5, 9}, {6, 9}, {0, 2}, {5, 2}, {4, 7}, {6, 7}, {0, 3}, {6, 3}, {4, 8}, {5, 8}},
		rotation: onlyMirrored,
	},
}

// fromTemplates places atoms that form a known template, in the way that leaves
// the most room for what is attached; nil if there is no such template.
func (g *graph) fromTemplates(atoms []int) (best []complex128, cost float64, rotation rotation) {
	cost = math.Inf(1)
	for _, s := range ringTemplates {
		for _, match := range g.matches(s, atoms) {
			points := make([]complex128, len(atoms))
			for corner, i := range match {
				points[i] = s.points[corner]
			}
			if c := s.penalty + g.substituentCrowding(atoms, points); c < cost-1e-6 {
				best, cost, rotation = points, c, s.rotation
			}
		}
	}
	return best, cost, rotation
}

// matches returns every way to lay a template on atoms, each as the index in
// atoms of each of its corners.
func (g *graph) matches(s ringTemplate, atoms []int) [][]int {
	if len(s.points) != len(atoms) || len(s.bonds) != len(g.bondPairs(atoms)) {
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

// fits reports whether an atom has the bonds of a skeleton's corner to the
// corners before it.
func (g *graph) fits(s ringTemplate, corner, atom int, match, atoms []int) bool {
	for _, b := range s.bonds {
		low, high := min(b[0], b[1]), max(b[0], b[1])
		if high == corner && g.BondBetween(atom, atoms[match[low]]) < 0 {
			return false
		}
	}
	return true
}
