package chem

// ringNumber reads "1" or "%12": the first of a pair opens a ring bond, the
// second closes it.
func (s *scanner) ringNumber() error {
	start := s.pos
	if s.last < 0 || s.atBranchStart() {
		return syntaxErrorf(start, "ring number has no atom before it")
	}
	number, err := s.readRingNumber()
	if err != nil {
		return err
	}
	s.draft.atoms[s.last].ringNumbers++
	opening, isOpen := s.open[number]
	if !isOpen {
		s.openRing(number, start)
		return nil
	}
	delete(s.open, number)
	return s.closeRing(opening, start)
}

func (s *scanner) readRingNumber() (int, error) {
	if s.text[s.pos] != '%' {
		s.pos++
		return int(s.text[s.pos-1] - '0'), nil
	}
	if s.pos+2 >= len(s.text) || !isDigit(s.text[s.pos+1]) || !isDigit(s.text[s.pos+2]) {
		return 0, syntaxErrorf(s.pos, "'%%' needs two digits")
	}
	number := int(s.text[s.pos+1]-'0')*10 + int(s.text[s.pos+2]-'0')
	s.pos += 3
	return number, nil
}

// openRing keeps a place in the atom's bond list: chirality counts a ring bond
// where its number stands.
func (s *scanner) openRing(number, start int) {
	m := s.draft.mol
	pos := start
	if s.pending != 0 {
		pos = s.pendingPos
	}
	s.open[number] = ringOpening{atom: s.last, slot: len(m.adjacent[s.last]), symbol: s.pending, pos: pos}
	m.adjacent[s.last] = append(m.adjacent[s.last], -1)
	s.pending = 0
}

func (s *scanner) closeRing(opening ringOpening, start int) error {
	if opening.atom == s.last {
		return syntaxErrorf(start, "ring bond joins an atom to itself")
	}
	if s.joined[[2]int{opening.atom, s.last}] {
		return syntaxErrorf(start, "ring bond joins atoms that are bonded already")
	}
	written := writtenBond{pos: opening.pos, symbol: opening.symbol, from: opening.atom}
	if s.pending != 0 {
		if opening.symbol != 0 && !ringSymbolsAgree(opening.symbol, s.pending) {
			return syntaxErrorf(s.pendingPos, "ring bond is '%c' at one end and '%c' at the other", opening.symbol, s.pending)
		}
		if opening.symbol == 0 {
			written = writtenBond{pos: s.pendingPos, symbol: s.pending, from: s.last}
		}
	}
	bond := s.addBond(opening.atom, s.last, written)
	m := s.draft.mol
	m.adjacent[opening.atom][opening.slot] = bond
	m.adjacent[s.last] = append(m.adjacent[s.last], bond)
	s.pending = 0
	return nil
}

// ringSymbolsAgree compares the bond symbols at the two ends of a ring bond. A
// direction is read from its own end, so the two ends show opposite slashes.
func ringSymbolsAgree(a, b byte) bool {
	switch a {
	case '/':
		return b == '\\'
	case '\\':
		return b == '/'
	}
	return a == b
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
