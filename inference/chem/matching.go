package chem

import "slices"

// maximumMatching pairs up as many vertices of a graph as possible and returns
// each vertex's mate, -1 for none. Rings of odd length make the graphs
// non-bipartite, hence Edmonds' blossom algorithm (Edmonds, Can. J. Math. 1965,
// 17, 449), after a greedy start that already settles most molecules.
func maximumMatching(graph [][]int) []int {
	n := len(graph)
	b := &blossoms{
		graph:  graph,
		mate:   unset(n),
		parent: make([]int, n),
		base:   make([]int, n),
		even:   make([]bool, n),
		inside: make([]bool, n),
	}
	for v := range graph {
		b.matchGreedily(v)
	}
	for v := range graph {
		if b.mate[v] < 0 && len(graph[v]) > 0 {
			b.augment(b.alternatingPath(v))
		}
	}
	return b.mate
}

// unset returns n indices that lead nowhere yet: each is -1.
func unset(n int) []int { return slices.Repeat([]int{-1}, n) }

// blossoms is the state of the search for one augmenting path.
type blossoms struct {
	graph  [][]int
	mate   []int
	parent []int // the vertex before, on the alternating tree
	base   []int // the base of the blossom that a vertex is shrunk into
	even   []bool
	inside []bool
	queue  []int
}

func (b *blossoms) matchGreedily(v int) {
	if b.mate[v] >= 0 {
		return
	}
	for _, w := range b.graph[v] {
		if b.mate[w] < 0 {
			b.mate[v], b.mate[w] = w, v
			return
		}
	}
}

// alternatingPath grows an alternating tree from an unmatched root and returns
// the unmatched vertex it reaches, -1 if there is none.
func (b *blossoms) alternatingPath(root int) int {
	for v := range b.graph {
		b.parent[v], b.base[v], b.even[v] = -1, v, false
	}
	b.even[root] = true
	b.queue = append(b.queue[:0], root)
	for head := 0; head < len(b.queue); head++ {
		v := b.queue[head]
		for _, w := range b.graph[v] {
			if b.base[v] == b.base[w] || b.mate[v] == w {
				continue
			}
			if w == root || b.mate[w] >= 0 && b.parent[b.mate[w]] >= 0 {
				b.shrink(v, w)
				continue
			}
			if b.parent[w] >= 0 {
				continue
			}
			b.parent[w] = v
			if b.mate[w] < 0 {
				return w
			}
			b.even[b.mate[w]] = true
			b.queue = append(b.queue, b.mate[w])
		}
	}
	return -1
}

// shrink contracts the odd cycle closed by the edge v-w into its base.
func (b *blossoms) shrink(v, w int) {
	base := b.commonBase(v, w)
	clear(b.inside)
	b.markBlossom(v, base, w)
	b.markBlossom(w, base, v)
	for u := range b.graph {
		if !b.inside[b.base[u]] {
			continue
		}
		b.base[u] = base
		if !b.even[u] {
			b.even[u] = true
			b.queue = append(b.queue, u)
		}
	}
}

// commonBase is the nearest common ancestor of two even vertices.
func (b *blossoms) commonBase(v, w int) int {
	seen := make([]bool, len(b.graph))
	for {
		v = b.base[v]
		seen[v] = true
		if b.mate[v] < 0 {
			break
		}
		v = b.parent[b.mate[v]]
	}
	for {
		w = b.base[w]
		if seen[w] {
			return w
		}
		w = b.parent[b.mate[w]]
	}
}

func (b *blossoms) markBlossom(v, base, child int) {
	for b.base[v] != base {
		b.inside[b.base[v]] = true
		b.inside[b.base[b.mate[v]]] = true
		b.parent[v] = child
		child = b.mate[v]
		v = b.parent[child]
	}
}

// augment swaps matched and unmatched edges along the path that ends in v.
func (b *blossoms) augment(v int) {
	for v >= 0 {
		before := b.parent[v]
		next := b.mate[before]
		b.mate[v], b.mate[before] = before, v
		v = next
	}
}
