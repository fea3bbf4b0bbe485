package chem

import "slices"

// maxLookahead is the number of tied atoms up to which all are tried one step
// ahead before any is followed further. It saves following every wrong turn in
// a long row of independent ties; in larger classes symmetry does better.
const maxLookahead = 8

// tieBreak is one way to break a tie, and where it leads.
type tieBreak struct {
	choice      int
	classes     []int
	certificate []int
}

func (r *ranking) follow(classes []int, choice int) tieBreak {
	next := r.refine(individualised(classes, choice))
	return tieBreak{choice, next, r.certificate(next)}
}

// search explores the ways to break the ties that refinement left. It returns
// the depth to go back to: below it, all that is left is a mirror of what has
// been seen.
func (r *ranking) search(classes []int) int {
	depth := len(r.path)
	tied := smallestTie(classes)
	if tied == nil {
		return r.leaf(classes)
	}
	if !r.searchable || r.areTwins(tied) {
		tied = tied[:1]
	}
	var tried []int
	for _, b := range r.tieBreaks(classes, tied) {
		if len(tried) > 0 && (r.work > maxRankingWork || r.isEquivalent(b.choice, tried)) {
			continue
		}
		tried = append(tried, b.choice)
		if b.classes == nil {
			b = r.follow(classes, b.choice)
		}
		if !r.canWin(b.certificate, depth) {
			continue
		}
		r.path = append(r.path, b.choice)
		back := r.search(b.classes)
		r.path = r.path[:depth]
		if back < depth {
			return back
		}
	}
	return depth
}

// tieBreaks returns the ways to break a tie: of a few, those that lead to the
// smallest description; of many, all, not yet followed.
func (r *ranking) tieBreaks(classes, tied []int) []tieBreak {
	ahead := len(tied) > 1 && len(tied) <= maxLookahead && r.work <= maxRankingWork
	var found []tieBreak
	for _, choice := range tied {
		b := tieBreak{choice: choice}
		if ahead {
			b = r.follow(classes, choice)
		}
		if len(found) > 0 {
			switch order := slices.Compare(b.certificate, found[0].certificate); {
			case order > 0:
				continue
			case order < 0:
				found = found[:0]
			}
		}
		found = append(found, b)
	}
	return found
}

// canWin compares a choice at some depth, by the description of the classes
// it leads to, with the choice that led to the best labelling so far. A larger
// description can be left alone, a smaller one makes that labelling obsolete.
func (r *ranking) canWin(certificate []int, depth int) bool {
	r.certificates = append(r.certificates[:depth], certificate)
	if r.best == nil {
		return true
	}
	order := slices.Compare(certificate, r.bestCertificates[depth])
	if order < 0 {
		r.best = nil
	}
	return order <= 0
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

// areTwins reports whether tied atoms are ends of chains on one and the same
// atom without stereo: swapping them changes nothing.
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

// leaf ends in a full labelling. Where there is a best one, it got as far as
// this only by being equal to it, which reveals a symmetry.
func (r *ranking) leaf(classes []int) int {
	if r.best != nil {
		r.automorphisms = append(r.automorphisms, mapping(r.best, classes))
		return commonPrefix(r.path, r.bestPath)
	}
	r.best = classes
	r.bestPath = slices.Clone(r.path)
	r.bestCertificates = slices.Clone(r.certificates)
	return len(r.path)
}

// certificate writes the component down as numbers: for each class in order the
// stereo and the bonds of its atoms, which all share them. Of a full labelling
// this says everything.
func (r *ranking) certificate(classes []int) []int {
	r.work += len(classes)
	member := unset(len(classes))
	for i, c := range classes {
		member[c] = i
	}
	var certificate []int
	for _, i := range member {
		if i >= 0 {
			certificate = append(certificate, r.surroundings(i, classes)...)
		}
	}
	return certificate
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

// isEquivalent reports whether a known symmetry that leaves the path in place
// takes an atom tried before to this choice.
func (r *ranking) isEquivalent(choice int, tried []int) bool {
	orbit := map[int]bool{choice: true}
	for queue := []int{choice}; len(queue) > 0; queue = queue[1:] {
		for _, image := range r.automorphisms {
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
