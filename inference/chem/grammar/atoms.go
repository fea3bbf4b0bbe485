package grammar

import "slices"

func (s *State) pushAtom(a atom) fault {
	if s.tip < 0 {
		s.put(a, noNeed)
		return fits
	}
	if s.tip+1 == MaxPath {
		return tooLarge
	}
	parent := s.tip
	before := &s.path[parent]
	if before.need != noNeed && s.nRings == 0 {
		return outsideRing
	}
	bothAromatic := before.atom.aromatic && a.aromatic
	aromaticBond := bothAromatic && s.pending == 0
	need := noNeed
	switch {
	case aromaticBond && s.nRings == 0:
		return noDash
	case bothAromatic && (s.pending == '/' || s.pending == '\\'):
		return badBond
	case aromaticBond:
		need = bondNeed
	}
	order := bondOrder(s.pending)
	if !s.useValence(parent, order) {
		return tooManyBonds
	}
	s.put(a, need)
	if !s.useValence(s.tip, order) {
		return tooManyBonds
	}
	if aromaticBond {
		s.join(parent, s.tip)
	}
	s.settle(parent)
	s.settle(s.tip)
	if s.pi == 0 {
		return noKekule
	}
	return fits
}

// put makes an atom the tip.
func (s *State) put(a atom, need ringNeed) {
	s.tip++
	s.pending, s.fresh, s.numbered, s.nBonded = 0, false, true, 0
	if a.aromatic && need == noNeed {
		need = atomNeed
	}
	s.path[s.tip] = place{atom: a, unsettled: settled, need: need}
	if a.pi != noPi && !s.untracked {
		s.track(s.tip)
	}
}

// track gives an atom that needs a double bond a number in the family of sets.
func (s *State) track(at int16) {
	for i := range uint8(maxUnsettled) {
		if s.tracked&(1<<i) == 0 {
			s.tracked |= 1 << i
			s.trackedAt[i] = at
			s.path[at].unsettled = i
			s.pi = s.pi.add(i)
			return
		}
	}
	s.untracked, s.pi, s.tracked = true, onlyEmpty, 0
	for i := range s.path[:at+1] {
		s.path[i].unsettled = settled
	}
}

// useValence takes a bond of some order from what an atom has left.
func (s *State) useValence(at int16, order int8) bool {
	p := &s.path[at]
	if !p.atom.aromatic {
		p.atom.free -= order
		return p.atom.free >= 0
	}
	if p.atom.free--; p.atom.free < 0 || order > 2 {
		return false
	}
	if order == 2 && !s.double(p) {
		return false
	}
	if p.atom.free == 0 && (p.atom.pi == untilThird || p.atom.pi == doubled) {
		s.satisfy(p)
	}
	return true
}

// double notes that an aromatic atom has a double bond written as such. It
// stays among those that lack one until it has all its neighbours.
func (s *State) double(p *place) bool {
	if p.atom.pi != alwaysPi {
		return false
	}
	p.atom.pi = doubled
	if p.unsettled != settled {
		s.pi = s.pi.exclude(p.unsettled)
	}
	return true
}

func (s *State) satisfy(p *place) {
	if p.unsettled != settled {
		s.pi = s.pi.satisfy(p.unsettled)
		s.release(p)
	}
}

func (s *State) release(p *place) {
	s.tracked &^= 1 << p.unsettled
	p.unsettled = settled
}

// join adds an aromatic bond between two places.
func (s *State) join(a, b int16) {
	i, j := s.path[a].unsettled, s.path[b].unsettled
	if i != settled && j != settled && s.path[a].atom.pi != doubled && s.path[b].atom.pi != doubled {
		s.pi = s.pi.join(i, j)
	}
}

// settle lets an atom go if no bond to come can give it a double bond.
func (s *State) settle(at int16) {
	p := &s.path[at]
	if p.unsettled == settled || p.atom.free > 0 && s.mayGrow(at) || p.open > 0 && p.atom.pi != doubled {
		return
	}
	s.pi = s.pi.settle(p.unsettled)
	s.release(p)
}

// mayGrow reports whether more may be written after an atom.
func (s *State) mayGrow(at int16) bool {
	if at == s.tip {
		return true
	}
	return slices.Contains(s.branches[:s.nBranches], at)
}

func (s *State) pushBond(symbol byte) fault {
	switch {
	case s.tip < 0:
		return noAtomBefore
	case s.pending != 0:
		return bondDangles
	case symbol == ':':
		return badBond
	}
	p := &s.path[s.tip]
	order := bondOrder(symbol)
	if p.atom.aromatic && order > 1 && (order > 2 || p.atom.pi != alwaysPi) {
		return badBond
	}
	if p.atom.aromatic {
		order = 1 // a double bond takes one neighbour too
	}
	if p.atom.free < order {
		return tooManyBonds
	}
	s.pending = symbol
	return fits
}

func (s *State) openBranch() fault {
	switch {
	case s.tip < 0 || s.fresh:
		return noAtomBefore
	case s.pending != 0:
		return bondDangles
	case s.path[s.tip].atom.free < 1:
		return tooManyBonds
	case s.path[s.tip].need != noNeed && s.nRings == 0:
		return outsideRing
	case s.nBranches == MaxBranchDepth || !s.grammar.closes:
		return tooLarge
	}
	s.branches[s.nBranches] = s.tip
	s.nBranches++
	s.fresh = true
	return fits
}

func (s *State) closeBranch() fault {
	switch {
	case s.nBranches == 0:
		return noBranch
	case s.pending != 0:
		return bondDangles
	case s.fresh:
		return emptyBranch
	case s.hasOpenRings():
		return ringLeftOpen
	case s.hasNeeds():
		return outsideRing
	}
	end := s.tip
	s.nBranches--
	s.tip = s.branches[s.nBranches]
	s.numbered = false
	s.settle(end)
	if s.pi == 0 {
		return noKekule
	}
	return fits
}

// root is the place that the innermost branch starts from, -1 outside branches.
func (s *State) root() int16 {
	if s.nBranches == 0 {
		return -1
	}
	return s.branches[s.nBranches-1]
}

// hasOpenRings reports whether a ring opened in the innermost branch is open.
func (s *State) hasOpenRings() bool {
	root := s.root()
	for _, r := range s.rings[:s.nRings] {
		if r.place > root {
			return true
		}
	}
	return false
}

// hasNeeds reports whether something in the innermost branch must become part
// of a ring yet.
func (s *State) hasNeeds() bool {
	for at := s.tip; at > s.root(); at-- {
		if s.path[at].need != noNeed {
			return true
		}
	}
	return false
}

func (s *State) pushDot() fault {
	switch {
	case s.tip < 0:
		return noAtomBefore
	case s.pending != 0:
		return bondDangles
	case s.nBranches > 0 || s.nRings > 0:
		return badDot
	case !s.Complete():
		return noKekule
	}
	s.tip, s.pi, s.tracked = -1, onlyEmpty, 0
	return fits
}
