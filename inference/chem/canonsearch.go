package chem

import "slices"

// search explores the ways to break the ties that refinement left. It returns
// the depth to go back to: below it, all that is left is a mirror of what has
// been seen.
func (r *ranking) search(classes []int) int {
	depth := len(r.path)
	tied := smallestTie(classes)
	if tied == nil {
		return r.leaf(classes)
	}
	var tried []int
	for _, choice := range tied {
		if len(tried) > 0 && r.mirrors(choice, tried) {
			continue
		}
		tried = append(tried, choice)
		r.path = append(r.path, choice)
		back := r.search(r.refine(individualised(classes, choice)))
		r.path = r.path[:depth]
		if back < depth {
			return back
		}
		if !r.searchable || r.work > maxRankingWork || r.areTwins(tied) {
			break
		}
	}
	return depth
}

// smallestTie returns the members of the smallest class that has several, the
// lowest such class; nil if there are no ties.
func smallestTie(classes []int) []int {
	members := make([][]int, len(classes))
	for i, c := range classes {
		members[c] = append(members[c], i)
	}
	var smallest []int
	for _, m := range members {
		if len(m) > 1 && (smallest == nil || len(m) < len(smallest)) {
			smallest = m
		}
	}
	return smallest
}

// individualised ranks one atom of a class before the others.
func individualised(classes []int, choice int) []int {
	split := slices.Clone(classes)
	for i, c := range classes {
		if c == classes[choice] && i != choice {
			split[i]++
		}
	}
	return split
}

// areTwins tells whether tied atoms are ends of chains on one and the same atom
// without stereo: swapping them changes nothing.
func (r *ranking) areTwins(tied []int) bool {
	parent := r.edges[tied[0]]
	for _, i := range tied {
		if len(r.edges[i]) != 1 || r.edges[i][0] != parent[0] {
			return false
		}
	}
	atom := r.members[parent[0].to]
	if r.mol.atoms[atom].Chirality != Unspecified {
		return false
	}
	return !slices.ContainsFunc(r.mol.adjacent[atom], func(b int) bool {
		return r.mol.bonds[b].Geometry != NoGeometry
	})
}

// leaf compares a full labelling with the best one so far.
func (r *ranking) leaf(classes []int) int {
	form := r.describe(classes)
	depth := len(r.path)
	switch order := slices.Compare(form, r.bestForm); {
	case r.best != nil && order == 0:
		r.automorphism = append(r.automorphism, mapping(r.best, classes))
		return commonPrefix(r.path, r.bestPath)
	case r.best == nil || order < 0:
		r.best, r.bestForm = classes, form
		r.bestPath = slices.Clone(r.path)
	}
	return depth
}

// describe writes a labelled component down as numbers: for each atom in order
// of rank its stereo and its bonds.
func (r *ranking) describe(ranks []int) []int {
	byRank := make([]int, len(ranks))
	for i, rank := range ranks {
		byRank[rank] = i
	}
	r.work += len(ranks)
	var form []int
	for _, i := range byRank {
		form = append(form, r.surroundings(i, ranks)...)
	}
	return form
}

// mapping returns the permutation that takes one labelling to another.
func mapping(from, to []int) []int {
	byRank := make([]int, len(to))
	for i, rank := range to {
		byRank[rank] = i
	}
	image := make([]int, len(from))
	for i, rank := range from {
		image[i] = byRank[rank]
	}
	return image
}

func commonPrefix(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// mirrors tells whether a known symmetry that leaves the path in place takes
// an atom tried before to this choice.
func (r *ranking) mirrors(choice int, tried []int) bool {
	orbit := map[int]bool{choice: true}
	for queue := []int{choice}; len(queue) > 0; queue = queue[1:] {
		for _, image := range r.automorphism {
			next := image[queue[0]]
			if orbit[next] || !fixes(image, r.path) {
				continue
			}
			orbit[next] = true
			queue = append(queue, next)
		}
	}
	return slices.ContainsFunc(tried, func(i int) bool { return orbit[i] })
}

func fixes(image, points []int) bool {
	return !slices.ContainsFunc(points, func(i int) bool { return image[i] != i })
}
