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
