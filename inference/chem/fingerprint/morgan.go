package fingerprint

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// MaxRadius is the largest radius of Morgan, in bonds.
const MaxRadius = 8

// Morgan counts the circular fragments of a molecule: each atom with all that
// is within 0, 1, ... radius bonds of it. With radius 2 this is the ECFP4 of
// Rogers and Hahn (J. Chem. Inf. Model. 2010, 50, 742, doi 10.1021/ci100050t),
// after Morgan (J. Chem. Doc. 1965, 5, 107). Identifiers and counts are those
// of RDKit's GetMorganFingerprint (2022.09) without chirality. A radius outside
// 0 to MaxRadius is taken as the nearer of the two.
//
// An atom begins as a hash of its element, neighbours, hydrogens, charge, mass
// and whether it is in a ring. In each round it takes up its neighbours'
// hashes. A fragment that another atom has described already, being made of the
// same bonds, is not counted again.
func Morgan(m *chem.Molecule, radius int) Sparse {
	g := newMorgan(m)
	g.ids = append(g.ids, g.hashes...)
	for round := 0; round < min(radius, MaxRadius) && g.alive > 0; round++ {
		g.round(uint32(round))
	}
	return sparse(g.ids)
}

// morgan is the state between two rounds.
type morgan struct {
	mol *chem.Molecule
	// hashes holds what each atom looks like now, next what it will.
	hashes, next []uint32
	// areas holds the bonds around each atom that its hash describes, as sets.
	areas, nextAreas bondSets
	// dead marks atoms whose area another atom has described before, and those
	// with nothing around them.
	dead  []bool
	alive int
	// seen holds the areas counted so far.
	seen areaSet
	// found holds the fragments of this round.
	found []fragment
	ids   []uint32
	links []link
}

// fragment is an atom's area and hash after a round.
type fragment struct {
	atom int
	hash uint32
}

// link is a bond to a neighbour as an atom sees it.
type link struct{ kind, hash uint32 }

func newMorgan(m *chem.Molecule) *morgan {
	n := m.NumAtoms()
	hashes := make([]uint32, 2*n)
	g := &morgan{
		mol:       m,
		hashes:    hashes[:n],
		next:      hashes[n:],
		areas:     newBondSets(n, m.NumBonds()),
		nextAreas: newBondSets(n, m.NumBonds()),
		seen:      areaSet{sets: newBondSets(0, m.NumBonds())},
		dead:      make([]bool, n),
		alive:     n,
		found:     make([]fragment, 0, n),
		ids:       make([]uint32, 0, 3*n),
	}
	for i := range g.hashes {
		g.hashes[i] = atomHash(m, i)
		if m.Degree(i) == 0 {
			g.kill(i)
		}
	}
	return g
}

// atomHash is the identifier of an atom without its surroundings.
func atomHash(m *chem.Molecule, atom int) uint32 {
	a := m.Atom(atom)
	hash := hashAll(
		uint32(a.Element),
		uint32(m.Degree(atom)+int(a.Hydrogens)),
		uint32(m.HydrogensOn(atom)),
		uint32(int32(a.Charge)),
		uint32(int32(m.MassShift(atom))),
	)
	if m.InRing(atom) {
		hash = combine(hash, 1)
	}
	return hash
}

// round widens every area by one bond and counts the new ones.
func (g *morgan) round(round uint32) {
	g.found = g.found[:0]
	copy(g.nextAreas.words, g.areas.words)
	for atom := range g.hashes {
		g.next[atom] = 0 // what RDKit lets the neighbours of a dead atom see
		if g.dead[atom] {
			continue
		}
		g.widen(atom)
		g.next[atom] = g.rehash(atom, round)
		g.found = append(g.found, fragment{atom, g.next[atom]})
	}
	g.countNew()
	g.hashes, g.next = g.next, g.hashes
	g.areas, g.nextAreas = g.nextAreas, g.areas
}

// widen adds to an atom's area its bonds and the areas of its neighbours.
func (g *morgan) widen(atom int) {
	for k := range g.mol.Degree(atom) {
		g.nextAreas.add(atom, g.mol.BondAt(atom, k))
		g.nextAreas.merge(atom, g.areas.of(g.mol.NeighbourAt(atom, k)))
	}
}

// rehash mixes the neighbours into an atom's hash, in an order of their own.
func (g *morgan) rehash(atom int, round uint32) uint32 {
	g.links = g.links[:0]
	for k := range g.mol.Degree(atom) {
		kind := bondKind(g.mol.Bond(g.mol.BondAt(atom, k)))
		g.links = append(g.links, link{kind, g.hashes[g.mol.NeighbourAt(atom, k)]})
	}
	slices.SortFunc(g.links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.hash, b.hash))
	})
	hash := combine(round, g.hashes[atom])
	for _, l := range g.links {
		hash = combine(hash, hashAll(l.kind, l.hash))
	}
	return hash
}

// bondKind is RDKit's number of a bond's type.
func bondKind(b chem.Bond) uint32 {
	if b.Aromatic {
		return 12
	}
	return uint32(b.Order)
}

// countNew takes up the fragments of a round. Of those with the same area the
// smallest hash counts; the atoms of the others are dead from now on.
func (g *morgan) countNew() {
	slices.SortStableFunc(g.found, func(a, b fragment) int { return cmp.Compare(a.hash, b.hash) })
	for _, f := range g.found {
		if g.seen.add(g.nextAreas.of(f.atom)) {
			g.ids = append(g.ids, f.hash)
		} else {
			g.kill(f.atom)
		}
	}
}

func (g *morgan) kill(atom int) {
	g.dead[atom] = true
	g.alive--
}

// bondSets is a list of sets of bonds, each a row of bits.
type bondSets struct {
	width int // words in a row
	words []uint64
}

func newBondSets(rows, bonds int) bondSets {
	width := (bonds + 63) / 64
	width = max(width, 1)
	return bondSets{width, make([]uint64, rows*width)}
}

func (s *bondSets) of(row int) []uint64 { return s.words[row*s.width : (row+1)*s.width] }

func (s *bondSets) add(row, bond int) { s.words[row*s.width+bond/64] |= 1 << (bond % 64) }

func (s *bondSets) merge(row int, other []uint64) {
	for i, word := range other {
		s.words[row*s.width+i] |= word
	}
}

// areaSet is a set of sets of bonds. The sums of their words tell most of them
// apart at a glance.
type areaSet struct {
	sums []uint64
	sets bondSets
}

// add reports whether a set of bonds was not there before, and adds it.
func (s *areaSet) add(set []uint64) bool {
	sum := sumOf(set)
	for row, other := range s.sums {
		if sum == other && slices.Equal(set, s.sets.of(row)) {
			return false
		}
	}
	s.sums = append(s.sums, sum)
	s.sets.words = append(s.sets.words, set...)
	return true
}

// sumOf mixes the words by the multiplier of Knuth's generator MMIX.
func sumOf(set []uint64) uint64 {
	var sum uint64
	for _, word := range set {
		sum = (sum + word) * 6364136223846793005
	}
	return sum
}
