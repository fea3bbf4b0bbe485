package chem

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMatchingIsAsLargeAsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "vertices")
		graph := make([][]int, n)
		for a := range n {
			for b := range a {
				if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
					graph[a] = append(graph[a], b)
					graph[b] = append(graph[b], a)
				}
			}
		}
		mate := maximumMatching(graph)
		pairs := 0
		for v, w := range mate {
			if w < 0 {
				continue
			}
			if mate[w] != v || !slices.Contains(graph[v], w) {
				t.Fatalf("%d and %d are no pair in %v", v, w, mate)
			}
			pairs++
		}
		if want := largestMatching(graph, 0, make([]bool, n)); pairs/2 != want {
			t.Fatalf("%d pairs, want %d", pairs/2, want)
		}
	})
}

// largestMatching tries everything.
func largestMatching(graph [][]int, v int, used []bool) int {
	if v == len(graph) {
		return 0
	}
	best := largestMatching(graph, v+1, used)
	if used[v] {
		return best
	}
	used[v] = true
	for _, w := range graph[v] {
		if !used[w] {
			used[w] = true
			best = max(best, 1+largestMatching(graph, v+1, used))
			used[w] = false
		}
	}
	used[v] = false
	return best
}

func TestSmallRings(t *testing.T) {
	for name, test := range map[string]struct {
		smiles string
		sizes  []int
	}{
		"chain":                {"CCC", nil},
		"cyclohexane":          {"C1CCCCC1", []int{6}},
		"decalin":              {"C1CCC2CCCCC2C1", []int{6, 6}},
		"norbornane":           {"C1CC2CCC1C2", []int{5, 5}},
		"adamantane":           {"C1C2CC3CC1CC(C2)C3", []int{6, 6, 6, 6}},
		"cubane":               {"C12C3C4C1C5C2C3C45", []int{4, 4, 4, 4, 4, 4}},
		"bicyclo[2.2.2]octane": {"C1CC2CCC1CC2", []int{6, 6, 6}},
		"two apart":            {"C1CC1CC1CCC1", []int{3, 4}},
		"coronene":             {"c1cc2ccc3ccc4ccc5ccc6ccc1c7c2c3c4c5c67", []int{6, 6, 6, 6, 6, 6, 6}},
		"azulene":              {"c1ccc2cccc-2cc1", []int{5, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustParse(t, test.smiles)
			var sizes []int
			for _, r := range m.smallRings() {
				sizes = append(sizes, len(r.atoms))
				checkRing(t, m, r)
			}
			if !slices.Equal(sizes, test.sizes) {
				t.Errorf("rings of %v, want %v", sizes, test.sizes)
			}
		})
	}
}

// checkRing makes sure that neighbours around a ring are bonded.
func checkRing(t *testing.T, m *Molecule, r ring) {
	t.Helper()
	for i, a := range r.atoms {
		next := r.atoms[(i+1)%len(r.atoms)]
		if b := m.BondBetween(a, next); b < 0 || !slices.Contains(r.bonds, b) {
			t.Errorf("ring %v: no bond between %d and %d", r.atoms, a, next)
		}
	}
}

func TestRingBondsAreMarked(t *testing.T) {
	m := mustParse(t, "CC1CC1CC1CCC1C=C")
	inRing := 0
	for _, b := range m.Bonds() {
		if b.InRing {
			inRing++
		}
	}
	if inRing != 7 {
		t.Errorf("%d ring bonds, want 7", inRing)
	}
}
