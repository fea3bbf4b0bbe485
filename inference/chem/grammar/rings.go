package grammar

import "slices"

func (s *State) pushNumber(number uint8) fault {
	switch {
	case s.tip < 0 || s.fresh:
		return noAtomBefore
	case !s.numbered:
		return lateNumber
	case bondOrder(s.pending) > 2:
		return badBond
	}
	for i, r := range s.rings[:s.nRings] {
		if r.number == number {
			return s.closeRing(i, r)
		}
	}
	return s.openRing(number)
}

// openRing sets a bond of the tip aside.
func (s *State) openRing(number uint8) fault {
	if s.nRings == MaxOpenRings {
		return tooLarge
	}
	if !s.useValence(s.tip, bondOrder(s.pending)) {
		return tooManyBonds
	}
	s.path[s.tip].open++
	s.rings[s.nRings] = openRing{number: number, symbol: s.pending, place: s.tip}
	s.nRings++
	s.pending = 0
	if s.pi == 0 {
		return noKekule
	}
	return fits
}

func (s *State) closeRing(index int, r openRing) fault {
	if r.place >= s.tip-1 || s.isBonded(r.place) {
		return ringTooSmall
	}
	symbol, ok := agree(r.symbol, s.pending)
	if !ok {
		return ringSymbols
	}
	opener, tip := &s.path[r.place], &s.path[s.tip]
	bothAromatic := opener.atom.aromatic && tip.atom.aromatic
	if bothAromatic && (symbol == '/' || symbol == '\\') {
		return badBond
	}
	if r.symbol == 0 && !s.raise(opener, bondOrder(symbol)) {
		return tooManyBonds
	}
	if !s.useValence(s.tip, bondOrder(symbol)) {
		return tooManyBonds
	}
	if bothAromatic && symbol == 0 {
		s.join(r.place, s.tip)
	}
	opener.open--
	s.dropRing(index)
	s.bonded[s.nBonded] = r.place
	s.nBonded++
	s.pending = 0
	s.fulfilNeeds(r.place)
	s.settle(r.place)
	s.settle(s.tip)
	if s.pi == 0 {
		return noKekule
	}
	return fits
}

// raise makes a bond set aside as single one of a higher order.
func (s *State) raise(p *place, order int8) bool {
	switch {
	case order == 1:
		return true
	case p.atom.aromatic:
		if !s.double(p) {
			return false
		}
		if p.atom.free == 0 {
			s.satisfy(p)
		}
		return true
	}
	p.atom.free -= order - 1
	return p.atom.free >= 0
}

// agree returns the symbol of a ring bond from those at its two ends. A
// direction is read from its own end, so the two ends show opposite slashes.
func agree(a, b byte) (symbol byte, ok bool) {
	switch {
	case a == 0:
		return b, true
	case b == 0:
		return a, true
	case a == '/':
		return a, b == '\\'
	case a == '\\':
		return a, b == '/'
	}
	return a, a == b
}

func (s *State) isBonded(at int16) bool {
	return slices.Contains(s.bonded[:s.nBonded], at)
}

func (s *State) dropRing(index int) {
	s.nRings--
	copy(s.rings[index:s.nRings], s.rings[index+1:s.nRings+1])
}

// fulfilNeeds notes that the path from a place to the tip has become a ring.
func (s *State) fulfilNeeds(from int16) {
	for at := from; at <= s.tip; at++ {
		if at > from || s.path[at].need == atomNeed {
			s.path[at].need = noNeed
		}
	}
}
