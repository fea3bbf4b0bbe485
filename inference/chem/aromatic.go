package chem

import (
	"slices"
	"strconv"
)

// Bounds of the search for aromatic systems, as in RDKit.
const (
	// maxFusedRings is the largest number of rings counted as one system.
	maxFusedRings = 6
	// maxFusedRingSize is the largest ring that may be fused to others.
	maxFusedRingSize = 24
	// maxFusedSystems bounds the systems tried in one molecule.
	maxFusedSystems = 20000
)

// perceiveAromaticity marks the atoms and bonds of every ring, and of every
// system of up to maxFusedRings fused rings, that holds 4n+2 π electrons. The
// electrons each atom gives are those of RDKit's default model ("The RDKit
// Book", Aromaticity): one from a double bond in the ring, two from a lone
// pair, none where a more electronegative atom outside the ring takes them.
func (m *Molecule) perceiveAromaticity() {
	electrons := make([]int, len(m.atoms))
	for i := range m.atoms {
		electrons[i] = m.piElectrons(i)
	}
	var rings []ring
	for _, r := range m.rings {
		if !slices.ContainsFunc(r.atoms, func(a int) bool { return electrons[a] == notConjugated }) {
			rings = append(rings, r)
		}
	}
	if len(rings) == 0 {
		return
	}
	p := &aromaticSearch{mol: m, rings: rings, electrons: electrons, fused: fusedNeighbours(rings)}
	p.run()
}

// notConjugated bars an atom from aromatic rings.
const notConjugated = -1

// piElectrons returns the electrons that an atom gives to a ring's π system.
func (m *Molecule) piElectrons(atom int) int {
	a := m.atoms[atom]
	if !m.mayBeAromatic(atom) {
		return notConjugated
	}
	spare := m.spareElectrons(atom)
	inside, outside := m.multipleBonds(atom)
	withdrawn := outside >= 0 && electronegativeOver(m.atoms[outside].Element, a.Element)
	switch {
	case spare < 0:
		return notConjugated
	case spare == 0 && outside >= 0:
		return 0
	case spare == 0 && inside > 0:
		return 1
	case spare == 0:
		return notConjugated
	case spare == 1 && withdrawn:
		return 0
	case spare == 1 && (outside >= 0 || inside > 0):
		return 1
	case spare == 1 && a.Charge == 1:
		return 0 // an empty orbital, as in tropylium
	case spare == 1:
		return notConjugated
	case withdrawn:
		spare--
	}
	return 2 - spare%2
}

// mayBeAromatic holds the conditions on an atom that do not concern its
// electrons.
func (m *Molecule) mayBeAromatic(atom int) bool {
	a := m.atoms[atom]
	if a.Element == Wildcard {
		return false
	}
	if a.Element > 18 && a.Element != Selenium && a.Element != Tellurium {
		return false
	}
	valences := allowedValences(a.Element, int(a.Charge))
	if len(valences) > 0 && m.Valence(atom) > valences[0] {
		return false
	}
	if m.RadicalElectrons(atom) > 0 && (a.Element != Carbon || a.Charge != 0) {
		return false
	}
	multiple := 0
	for _, b := range m.adjacent[atom] {
		if m.bonds[b].Order > 1 {
			multiple++
		}
	}
	return multiple <= 1
}

// spareElectrons counts the electrons left after the σ bonds, -1 for an atom
// that cannot be part of a π system.
func (m *Molecule) spareElectrons(atom int) int {
	a := m.atoms[atom]
	data := elements[a.Element]
	if len(data.valences) == 0 || data.valences[0] <= 1 {
		return -1
	}
	normal := data.valences[0]
	degree := len(m.adjacent[atom]) + int(a.Hydrogens)
	if degree > 3 {
		return -1
	}
	lonePairs := max(data.outer-normal-int(a.Charge), 0)
	spare := normal - degree + lonePairs - m.RadicalElectrons(atom)
	if spare > 1 && m.orderSum(atom)-len(m.adjacent[atom]) > 1 {
		return 1 // of a triple bond, one π bond lies in the ring's plane
	}
	return spare
}

// multipleBonds counts an atom's multiple bonds in rings and returns the atom
// at the end of one outside rings, -1 if there is none.
func (m *Molecule) multipleBonds(atom int) (inside, outside int) {
	outside = -1
	for _, i := range m.adjacent[atom] {
		b := m.bonds[i]
		switch {
		case b.Order < 2:
		case b.InRing:
			inside++
		default:
			outside = b.Other(atom)
		}
	}
	return inside, outside
}

// electronegativeOver compares two elements by outer electrons, then by period.
func electronegativeOver(a, b Element) bool {
	if elements[a].outer != elements[b].outer {
		return elements[a].outer > elements[b].outer
	}
	return a < b
}

// fusedNeighbours lists, for each ring, the rings that share exactly one bond
// with it.
func fusedNeighbours(rings []ring) [][]int {
	neighbours := make([][]int, len(rings))
	for i := range rings {
		for j := range rings[:i] {
			if len(rings[i].atoms) > maxFusedRingSize || len(rings[j].atoms) > maxFusedRingSize {
				continue
			}
			if sharedBonds(rings[i], rings[j]) == 1 {
				neighbours[i] = append(neighbours[i], j)
				neighbours[j] = append(neighbours[j], i)
			}
		}
	}
	return neighbours
}

func sharedBonds(a, b ring) int {
	shared := 0
	for _, bond := range a.bonds {
		if slices.Contains(b.bonds, bond) {
			shared++
		}
	}
	return shared
}

// aromaticSearch tries the ring systems of one molecule, small ones first.
type aromaticSearch struct {
	mol       *Molecule
	rings     []ring
	electrons []int
	fused     [][]int
}

func (s *aromaticSearch) run() {
	systems := make([][]int, len(s.rings))
	for i := range s.rings {
		systems[i] = []int{i}
	}
	tried := 0
	for size := 1; size <= maxFusedRings; size++ {
		for _, system := range systems {
			s.markIfAromatic(system)
		}
		tried += len(systems)
		systems = s.extend(systems, maxFusedSystems-tried)
	}
}

// extend returns the systems that one more fused ring makes of the given ones,
// each once and at most limit. It leaves out those already wholly aromatic: any
// larger system with a bond left to mark can be grown from the ring of that
// bond.
func (s *aromaticSearch) extend(systems [][]int, limit int) [][]int {
	seen := map[string]bool{}
	var larger [][]int
	for _, system := range systems {
		for _, member := range system {
			for _, next := range s.fused[member] {
				if slices.Contains(system, next) || s.isAromatic(next) && s.allAromatic(system) {
					continue
				}
				grown := append(slices.Clone(system), next)
				slices.Sort(grown)
				key := systemKey(grown)
				if seen[key] {
					continue
				}
				if len(larger) >= limit {
					return larger
				}
				seen[key] = true
				larger = append(larger, grown)
			}
		}
	}
	return larger
}

func systemKey(system []int) string {
	var key []byte
	for _, ring := range system {
		key = strconv.AppendInt(append(key, ' '), int64(ring), 10)
	}
	return string(key)
}

func (s *aromaticSearch) allAromatic(system []int) bool {
	return !slices.ContainsFunc(system, func(r int) bool { return !s.isAromatic(r) })
}

// isAromatic reports whether every bond of a ring is marked already.
func (s *aromaticSearch) isAromatic(ring int) bool {
	return !slices.ContainsFunc(s.rings[ring].bonds, func(b int) bool { return !s.mol.bonds[b].Aromatic })
}

// markIfAromatic applies Hückel's rule to a system and marks it if it passes.
// Atoms common to three of its rings lie inside and give nothing to the
// conjugated rim.
func (s *aromaticSearch) markIfAromatic(system []int) {
	timesAtom, timesBond := map[int]int{}, map[int]int{}
	for _, r := range system {
		for _, a := range s.rings[r].atoms {
			timesAtom[a]++
		}
		for _, b := range s.rings[r].bonds {
			timesBond[b]++
		}
	}
	if !s.isHuckel(timesAtom) {
		return
	}
	for a := range timesAtom {
		s.mol.atoms[a].Aromatic = true
	}
	for b, times := range timesBond {
		if times == 1 && s.mol.bonds[b].Order <= 2 {
			s.mol.bonds[b].Aromatic = true
		}
	}
}

func (s *aromaticSearch) isHuckel(timesAtom map[int]int) bool {
	electrons := 0
	for a, times := range timesAtom {
		if times <= 2 {
			electrons += s.electrons[a]
		}
	}
	return electrons%4 == 2
}
