package property

import (
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// ringSystem is the symmetric set of small rings with the bonds of each.
type ringSystem struct {
	mol   *chem.Molecule
	atoms [][]int
	bonds [][]int
}

func newRingSystem(m *chem.Molecule) *ringSystem {
	s := &ringSystem{mol: m}
	if m.Rings() == 0 {
		return s
	}
	s.atoms = m.SymmetricRings()
	for _, ring := range s.atoms {
		s.bonds = append(s.bonds, m.BondsAround(ring))
	}
	return s
}

func (s *ringSystem) anyLargerThan(size int) bool {
	return slices.ContainsFunc(s.atoms, func(ring []int) bool { return len(ring) > size })
}

// spiroAtoms counts the atoms that are all that two rings share.
func (s *ringSystem) spiroAtoms() int {
	spiro := map[int]bool{}
	for i := range s.atoms {
		for j := range i {
			if shared := intersection(s.atoms[i], s.atoms[j]); len(shared) == 1 {
				spiro[shared[0]] = true
			}
		}
	}
	return len(spiro)
}

// bridgeheads counts the atoms at the ends of the path that two rings share, if
// they share more than one bond.
func (s *ringSystem) bridgeheads() int {
	heads := map[int]bool{}
	for i := range s.bonds {
		for j := range i {
			shared := intersection(s.bonds[i], s.bonds[j])
			if len(shared) < 2 {
				continue
			}
			for atom, ends := range s.endsOf(shared) {
				if ends == 1 {
					heads[atom] = true
				}
			}
		}
	}
	return len(heads)
}

// endsOf counts how many of the bonds each atom has.
func (s *ringSystem) endsOf(bonds []int) map[int]int {
	ends := map[int]int{}
	for _, i := range bonds {
		b := s.mol.Bond(i)
		ends[b.Begin]++
		ends[b.End]++
	}
	return ends
}

// bridged reports whether two rings through an atom share more than one bond.
func (s *ringSystem) bridged(atom int) bool {
	for i := range s.bonds {
		if !slices.Contains(s.atoms[i], atom) {
			continue
		}
		for j := range i {
			if slices.Contains(s.atoms[j], atom) && len(intersection(s.bonds[i], s.bonds[j])) > 1 {
				return true
			}
		}
	}
	return false
}

func intersection(a, b []int) []int {
	var both []int
	for _, x := range a {
		if slices.Contains(b, x) {
			both = append(both, x)
		}
	}
	return both
}
