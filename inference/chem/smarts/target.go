package smarts

import "github.com/odordiff/odordiff/inference/chem"

// Target is a molecule prepared for being searched. It keeps what it learns
// between searches, so it serves one goroutine at a time.
type Target struct {
	atoms []targetAtom
	edges []edge
	// placed is the stack of the searches under way: the atoms that each has
	// given to its pattern's atoms.
	placed []int
	// known holds what recursive patterns said of each atom.
	known map[*Pattern][]verdict
	steps int
}

// targetAtom is what patterns may ask of an atom.
type targetAtom struct {
	element  chem.Element
	aromatic bool
	charge   int
	isotope  int
	// first and last bound the atom's part of Target.edges.
	first, last int
	hydrogens   int // all of them
	folded      int // those that are not atoms of their own
	valence     int
	rings       int
	minRing     int // 0 outside rings
	ringBonds   int
}

// edge is a bond seen from one of its ends.
type edge struct {
	to   int
	kind bondSet // one member
}

// verdict is the remembered answer to one question.
type verdict uint8

const (
	unasked verdict = iota
	yes
	no
)

// NewTarget prepares a molecule. Atoms keep their indices.
func NewTarget(m *chem.Molecule) *Target { return newTarget(m, false) }

// NewTargetWithHydrogens prepares a molecule in which every hydrogen is an atom
// of its own, so that "[#1]" finds it. The atoms of the molecule keep their
// indices; the hydrogens follow, in the order of the atoms that carry them.
func NewTargetWithHydrogens(m *chem.Molecule) *Target { return newTarget(m, true) }

func newTarget(m *chem.Molecule, unfold bool) *Target {
	heavy := m.NumAtoms()
	total := heavy
	if unfold {
		for i := range heavy {
			total += int(m.Atom(i).Hydrogens)
		}
	}
	t := &Target{
		atoms: make([]targetAtom, heavy, total),
		edges: make([]edge, 0, 2*(m.NumBonds()+total-heavy)),
	}
	hydrogen := heavy
	for i := range heavy {
		t.atoms[i] = describe(m, i)
		t.addEdges(m, i)
		if unfold {
			hydrogen = t.unfold(i, hydrogen)
		}
		t.atoms[i].last = len(t.edges)
	}
	if unfold {
		t.addHydrogens(heavy)
	}
	t.countRings(m)
	return t
}

func describe(m *chem.Molecule, atom int) targetAtom {
	a := m.Atom(atom)
	return targetAtom{
		element:   a.Element,
		aromatic:  a.Aromatic,
		charge:    int(a.Charge),
		isotope:   int(a.Isotope),
		hydrogens: m.HydrogensOn(atom),
		folded:    int(a.Hydrogens),
		valence:   m.Valence(atom),
	}
}

func (t *Target) addEdges(m *chem.Molecule, atom int) {
	a := &t.atoms[atom]
	a.first = len(t.edges)
	for k := range m.Degree(atom) {
		b := m.Bond(m.BondAt(atom, k))
		t.edges = append(t.edges, edge{b.Other(atom), kindOf(b)})
		if b.InRing {
			a.ringBonds++
		}
	}
}

// unfold binds an atom to its folded hydrogens, the first of which will be the
// given atom; it returns the next one's number.
func (t *Target) unfold(atom, hydrogen int) int {
	a := &t.atoms[atom]
	for range a.folded {
		t.edges = append(t.edges, edge{hydrogen, single})
		hydrogen++
	}
	a.folded = 0
	return hydrogen
}

// addHydrogens adds the atoms that unfold has promised.
func (t *Target) addHydrogens(heavy int) {
	for i := range heavy {
		for _, e := range t.edges[t.atoms[i].first:t.atoms[i].last] {
			if e.to < heavy {
				continue
			}
			first := len(t.edges)
			t.edges = append(t.edges, edge{i, single})
			t.atoms = append(t.atoms, targetAtom{element: chem.Hydrogen, valence: 1, first: first, last: first + 1})
			t.atoms[len(t.atoms)-1].hydrogens = t.hydrogensBeside(i)
		}
	}
}

// hydrogensBeside tells how many hydrogens a hydrogen bound to an atom has.
func (t *Target) hydrogensBeside(atom int) int {
	if t.atoms[atom].element == chem.Hydrogen {
		return 1
	}
	return 0
}

func (t *Target) countRings(m *chem.Molecule) {
	if m.Rings() == 0 {
		return
	}
	for _, ring := range m.SymmetricRings() {
		for _, i := range ring {
			a := &t.atoms[i]
			a.rings++
			if a.minRing == 0 || len(ring) < a.minRing {
				a.minRing = len(ring)
			}
		}
	}
}

// neighbours returns the bonds of an atom.
func (t *Target) neighbours(atom int) []edge {
	return t.edges[t.atoms[atom].first:t.atoms[atom].last]
}

// degree is the number of an atom's neighbours that are atoms of their own.
func (a *targetAtom) degree() int { return a.last - a.first }

// bondTo returns the kind of the bond between two atoms, the empty set if there
// is none.
func (t *Target) bondTo(from, to int) bondSet {
	for _, e := range t.neighbours(from) {
		if e.to == to {
			return e.kind
		}
	}
	return 0
}
