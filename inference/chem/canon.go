package chem

import (
	"cmp"
	"slices"
)

// Canonical ranks. Atoms are sorted by an invariant of their own, then
// repeatedly by the ranks of their neighbours until nothing changes (Weininger,
// Weininger & Weininger, J. Chem. Inf. Comput. Sci. 1989, 29, 97; Schneider,
// Sahnoun & Landrum, J. Chem. Inf. Model. 2015, 55, 2111), stereo parities
// included as soon as the neighbours' ranks define them. Ties that remain are
// broken one atom at a time. Where that choice could matter, every choice is
// tried and the one with the smallest description wins; choices that start out
// worse and symmetries found on the way prune the search (McKay, Congr. Numer.
// 1981, 30, 45).

// maxRankingWork bounds the search, in atom visits. Past it the first choice at
// each tie stands: only a graph of very high symmetry that the refinement
// cannot see through then loses the guarantee of one canonical form.
const maxRankingWork = 400_000

// canonicalRanks ranks the atoms of each component, all of one differently.
func (m *Molecule) canonicalRanks() []int {
	rank := make([]int, len(m.atoms))
	for _, members := range m.ComponentAtoms() {
		ranks, _ := newRanking(m, members).run()
		for i, atom := range members {
			rank[atom] = ranks[i]
		}
	}
	return rank
}

// ranking searches the canonical labelling of one component.
type ranking struct {
	mol     *Molecule
	members []int // the component's atoms
	local   []int // the reverse of members
	edges   [][]rankedEdge
	// searchable reports whether atoms of one class may differ, or differ in
	// how their choice shows in the stereo marks; not so in a tree without
	// stereo.
	searchable bool
	work       int

	path         []int   // the atoms chosen on the way to where the search stands
	certificates [][]int // what each choice on the path led to

	best             []int // the labelling that wins so far, nil if there is none
	bestPath         []int
	bestCertificates [][]int
	automorphisms    [][]int // permutations of the atoms that change nothing
}

// rankedEdge is a bond as the ranking sees it.
type rankedEdge struct {
	to   int
	kind int
}

// aromaticKind is the kind of an aromatic bond; the others' is their order.
const aromaticKind = 5

func bondKind(b Bond) int {
	if b.Aromatic {
		return aromaticKind
	}
	return int(b.Order)
}

func newRanking(m *Molecule, members []int) *ranking {
	r := &ranking{mol: m, members: members, local: unset(len(m.atoms))}
	for i, a := range members {
		r.local[a] = i
	}
	r.edges = make([][]rankedEdge, len(members))
	bonds := 0
	for i, a := range members {
		for _, b := range m.adjacent[a] {
			r.edges[i] = append(r.edges[i], rankedEdge{r.local[m.bonds[b].Other(a)], bondKind(m.bonds[b])})
			bonds++
			r.searchable = r.searchable || m.bonds[b].Geometry != NoGeometry
		}
		r.searchable = r.searchable || m.atoms[a].Chirality != Unspecified
	}
	r.searchable = r.searchable || bonds/2 >= len(members)
	return r
}

// run returns the rank of each member, all different, and the description of
// the component that they give, equal for equal components.
func (r *ranking) run() (ranks, certificate []int) {
	r.search(r.refine(r.initialClasses()))
	return r.best, r.certificate(r.best)
}

// initialClasses sorts the atoms by what can be said of each alone.
func (r *ranking) initialClasses() []int {
	keys := make([][]int, len(r.members))
	for i, atom := range r.members {
		keys[i] = atomInvariant(r.mol, atom)
	}
	return classesOf(keys)
}

// atomInvariant begins with the degree, so that chain ends rank first and the
// canonical SMILES begins at one.
func atomInvariant(m *Molecule, atom int) []int {
	a := m.atoms[atom]
	rings := 0
	for _, b := range m.adjacent[atom] {
		if m.bonds[b].InRing {
			rings++
		}
	}
	aromatic := 0
	if a.Aromatic {
		aromatic = 1
	}
	return []int{
		len(m.adjacent[atom]), rings, int(a.Element), aromatic, int(a.Isotope),
		int(a.Charge), int(a.Hydrogens), int(a.Class),
	}
}

// classesOf ranks equal keys equally: an atom's class is the number of atoms
// with a smaller key.
func classesOf(keys [][]int) []int {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(keys[a], keys[b]) })
	classes := make([]int, len(keys))
	for i, atom := range order {
		classes[atom] = i
		if i > 0 && slices.Equal(keys[atom], keys[order[i-1]]) {
			classes[atom] = classes[order[i-1]]
		}
	}
	return classes
}

// refine splits classes by the neighbours' classes until they are stable.
func (r *ranking) refine(classes []int) []int {
	count := distinct(classes)
	for count < len(classes) {
		r.work += len(classes)
		keys := make([][]int, len(classes))
		for i := range classes {
			keys[i] = r.surroundings(i, classes)
		}
		next := classesOf(keys)
		grown := distinct(next)
		if grown == count {
			break
		}
		classes, count = next, grown
	}
	return classes
}

// surroundings describes an atom by its class, its stereo as far as the classes
// define it, and its neighbours in order.
func (r *ranking) surroundings(i int, classes []int) []int {
	neighbours := make([]int, 0, 8)
	for _, e := range r.edges[i] {
		neighbours = append(neighbours, classes[e.to]*(aromaticKind+1)+e.kind)
	}
	slices.Sort(neighbours)
	return append([]int{classes[i], r.parity(i, classes), r.geometry(i, classes)}, neighbours...)
}

// distinct counts the classes.
func distinct(classes []int) int {
	seen := make([]bool, len(classes))
	count := 0
	for _, c := range classes {
		if !seen[c] {
			seen[c] = true
			count++
		}
	}
	return count
}

// parity is the handedness of a centre relative to its neighbours' classes: 1
// or 2, and 0 where there is none or two neighbours share a class.
func (r *ranking) parity(i int, classes []int) int {
	atom := r.members[i]
	chirality := r.mol.atoms[atom].Chirality
	if chirality == Unspecified {
		return 0
	}
	odd := false
	for k, e := range r.edges[i] {
		for _, f := range r.edges[i][:k] {
			switch cmp.Compare(classes[e.to], classes[f.to]) {
			case 0:
				return 0
			case -1:
				odd = !odd
			}
		}
	}
	if odd {
		chirality = chirality.flipped()
	}
	return int(chirality)
}

// geometry is the arrangement of the double bond at an atom relative to the
// substituent of highest class at each end: 1 or 2, and 0 where there is none
// or the classes do not tell the substituents apart.
func (r *ranking) geometry(i int, classes []int) int {
	atom := r.members[i]
	value := 0
	for _, index := range r.mol.adjacent[atom] {
		b := r.mol.bonds[index]
		if b.Geometry == NoGeometry {
			continue
		}
		begin, ok := r.isSenior(b.Begin, b.End, b.BeginRef, classes)
		if !ok {
			continue
		}
		end, ok := r.isSenior(b.End, b.Begin, b.EndRef, classes)
		if !ok {
			continue
		}
		geometry := b.Geometry
		if begin != end {
			geometry = geometry.flipped()
		}
		value += int(geometry)
	}
	return value
}

// isSenior reports whether ref has the highest class among the substituents of
// one end of a double bond; ok is false if another one shares its class.
func (r *ranking) isSenior(atom, partner, ref int, classes []int) (senior, ok bool) {
	other := r.mol.otherSubstituent(atom, partner, ref)
	if other < 0 {
		return true, true
	}
	mine, theirs := classes[r.local[ref]], classes[r.local[other]]
	return mine > theirs, mine != theirs
}
