package chem

import "strings"

// scanner walks once through a SMILES and records its graph. It keeps its own
// stack of open branches, so that no input makes it recurse.
type scanner struct {
	text  string
	pos   int
	draft *draft

	// last is the atom that the next one is bonded to, -1 at a fragment's
	// start.
	last int
	// pending is the bond symbol waiting for its second atom, 0 for none.
	pending    byte
	pendingPos int

	branches []branch
	open     map[int]ringOpening
	// joined holds the atom pairs that already share a bond.
	joined map[[2]int]bool
}

// branch remembers where a parenthesis opened.
type branch struct {
	pos  int
	last int
	// atoms is how many atoms there were, to notice an empty branch.
	atoms int
}

// ringOpening is a ring number waiting for its partner.
type ringOpening struct {
	atom   int
	slot   int // place kept in the atom's bond list
	symbol byte
	pos    int
}

func newScanner(text string) *scanner {
	return &scanner{
		text:   text,
		draft:  &draft{mol: &Molecule{}},
		last:   -1,
		open:   map[int]ringOpening{},
		joined: map[[2]int]bool{},
	}
}

func scan(text string) (*draft, error) {
	if text == "" {
		return nil, syntaxErrorf(0, "empty text")
	}
	if len(text) > MaxLength {
		return nil, syntaxErrorf(MaxLength, "text longer than the %d bytes allowed", MaxLength)
	}
	s := newScanner(text)
	for s.pos < len(text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.draft, s.finish()
}

// step reads one token.
func (s *scanner) step() error {
	switch c := s.text[s.pos]; {
	case c == '[':
		return s.bracketAtom()
	case strings.IndexByte("-=#$:/\\", c) >= 0:
		return s.bondSymbol(c)
	case c >= '0' && c <= '9' || c == '%':
		return s.ringNumber()
	case c == '(':
		return s.openBranch()
	case c == ')':
		return s.closeBranch()
	case c == '.':
		return s.dot()
	}
	return s.organicAtom()
}

// finish checks that nothing was left open.
func (s *scanner) finish() error {
	if err := s.noPendingBond(); err != nil {
		return err
	}
	if n := len(s.branches); n > 0 {
		return syntaxErrorf(s.branches[n-1].pos, "branch is never closed")
	}
	if s.last < 0 {
		return syntaxErrorf(len(s.text)-1, "no atom after '.'")
	}
	first := -1
	for _, opening := range s.open {
		if first < 0 || opening.pos < first {
			first = opening.pos
		}
	}
	if first >= 0 {
		return syntaxErrorf(first, "ring number is never closed")
	}
	return nil
}

func (s *scanner) noPendingBond() error {
	if s.pending != 0 {
		return syntaxErrorf(s.pendingPos, "bond '%c' leads nowhere", s.pending)
	}
	return nil
}

func (s *scanner) bondSymbol(c byte) error {
	if s.last < 0 {
		return syntaxErrorf(s.pos, "bond '%c' has no atom before it", c)
	}
	if err := s.noPendingBond(); err != nil {
		return err
	}
	s.pending, s.pendingPos = c, s.pos
	s.pos++
	return nil
}

// atBranchStart reports whether nothing has followed the last '(' yet.
func (s *scanner) atBranchStart() bool {
	n := len(s.branches)
	return n > 0 && s.branches[n-1].atoms == len(s.draft.atoms)
}

func (s *scanner) openBranch() error {
	if s.last < 0 || s.atBranchStart() {
		return syntaxErrorf(s.pos, "branch has no atom before it")
	}
	if err := s.noPendingBond(); err != nil {
		return err
	}
	if len(s.branches) == MaxBranchDepth {
		return syntaxErrorf(s.pos, "branches nested deeper than the %d allowed", MaxBranchDepth)
	}
	s.branches = append(s.branches, branch{pos: s.pos, last: s.last, atoms: len(s.draft.atoms)})
	s.pos++
	return nil
}

func (s *scanner) closeBranch() error {
	if err := s.noPendingBond(); err != nil {
		return err
	}
	if len(s.branches) == 0 {
		return syntaxErrorf(s.pos, "')' without '('")
	}
	b := s.branches[len(s.branches)-1]
	if s.atBranchStart() {
		return syntaxErrorf(b.pos, "empty branch")
	}
	if s.last < 0 {
		return syntaxErrorf(s.pos, "no atom after '.'")
	}
	s.branches = s.branches[:len(s.branches)-1]
	s.last = b.last
	s.pos++
	return nil
}

func (s *scanner) dot() error {
	if err := s.noPendingBond(); err != nil {
		return err
	}
	if s.last < 0 {
		return syntaxErrorf(s.pos, "no atom before '.'")
	}
	s.last = -1
	s.pos++
	return nil
}

// addAtom records an atom written in the next width bytes and bonds it to the
// last one.
func (s *scanner) addAtom(a Atom, width int, bracket bool) error {
	m := s.draft.mol
	if len(m.atoms) == MaxAtoms {
		return syntaxErrorf(s.pos, "more than the %d atoms allowed", MaxAtoms)
	}
	atom := len(m.atoms)
	m.atoms = append(m.atoms, a)
	m.adjacent = append(m.adjacent, nil)
	s.draft.atoms = append(s.draft.atoms, writtenAtom{pos: s.pos, bracket: bracket, first: s.last < 0})
	if s.last >= 0 {
		bond := s.addBond(s.last, atom, writtenBond{pos: s.bondPos(), symbol: s.pending, from: s.last})
		m.adjacent[s.last] = append(m.adjacent[s.last], bond)
		m.adjacent[atom] = append(m.adjacent[atom], bond)
	}
	s.last, s.pending = atom, 0
	s.pos += width
	return nil
}

// bondPos is where the bond to the next atom stands: at its symbol, or between
// the atoms.
func (s *scanner) bondPos() int {
	if s.pending != 0 {
		return s.pendingPos
	}
	return s.pos
}

// addBond records a bond but leaves the atoms' bond lists to the caller, who
// knows its place in them.
func (s *scanner) addBond(begin, end int, w writtenBond) int {
	m := s.draft.mol
	m.bonds = append(m.bonds, Bond{Begin: begin, End: end})
	s.draft.bonds = append(s.draft.bonds, w)
	s.joined[[2]int{min(begin, end), max(begin, end)}] = true
	return len(m.bonds) - 1
}
