package smarts

import "fmt"

// query is the graph of a pattern.
type query struct {
	atoms []atomQuery
	bonds []queryBond
}

// queryBond asks for a bond between two atoms of the pattern.
type queryBond struct {
	begin, end int
	set        bondSet
}

// parser reads a pattern from left to right.
type parser struct {
	text  string
	pos   int
	depth int
	atoms int // so far, in recursive parts too
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) accept(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.pos++
	return true
}

func (p *parser) unexpected() error {
	if p.pos >= len(p.text) {
		return syntaxErrorf(p.pos, "the pattern ends too early")
	}
	return syntaxErrorf(p.pos, "unexpected %q", p.text[p.pos:p.pos+1])
}

// enter counts one more level of nesting.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return syntaxErrorf(p.pos, "nested more than %d deep", MaxDepth)
	}
	return nil
}

// pattern reads atoms up to what cannot belong to them.
func (p *parser) pattern() (*query, error) {
	g := &graphReader{parser: p, query: &query{}, open: map[int]openRing{}}
	if err := g.chain(-1); err != nil {
		return nil, err
	}
	for number, ring := range g.open {
		return nil, syntaxErrorf(ring.pos, "ring %d is never closed", number)
	}
	return g.query, nil
}

// graphReader reads the graph of one pattern or of one recursive part.
type graphReader struct {
	*parser
	query *query
	open  map[int]openRing
}

// openRing is a ring number that waits for its other end.
type openRing struct {
	atom, pos int
	set       bondSet
	written   bool
}

// chain reads atoms with their rings and branches. The first atom is bound to
// the one before, unless that is -1; one after a dot is bound to none.
func (g *graphReader) chain(before int) error {
	for {
		set, written, err := g.bond()
		if err != nil {
			return err
		}
		if written && before < 0 {
			return syntaxErrorf(g.pos, "a bond to nothing")
		}
		before, err = g.atom(before, set)
		if err != nil {
			return err
		}
		if err := g.rings(before); err != nil {
			return err
		}
		if err := g.branches(before); err != nil {
			return err
		}
		switch c := g.peek(); {
		case g.accept('.'):
			before = -1
		case !startsBond(c) && !startsAtom(c):
			return nil
		}
	}
}

// atom reads one atom, binds it, and returns its number.
func (g *graphReader) atom(before int, set bondSet) (int, error) {
	if g.atoms++; g.atoms > MaxAtoms {
		return 0, syntaxErrorf(g.pos, "more than %d atoms", MaxAtoms)
	}
	a, err := g.atomQuery()
	if err != nil {
		return 0, err
	}
	number := len(g.query.atoms)
	g.query.atoms = append(g.query.atoms, a)
	if before >= 0 {
		g.query.bonds = append(g.query.bonds, queryBond{before, number, set})
	}
	return number, nil
}

func (g *graphReader) branches(atom int) error {
	for g.accept('(') {
		if err := g.enter(); err != nil {
			return err
		}
		if err := g.chain(atom); err != nil {
			return err
		}
		if !g.accept(')') {
			return g.unexpected()
		}
		g.depth--
	}
	return nil
}

// rings reads the ring numbers after an atom. A bond symbol that no ring number
// follows belongs to the next atom and is put back.
func (g *graphReader) rings(atom int) error {
	for {
		start := g.pos
		set, written, err := g.bond()
		if err != nil {
			return err
		}
		number, ok, err := g.ringNumber()
		if err != nil {
			return err
		}
		if !ok {
			g.pos = start
			return nil
		}
		if err := g.ring(openRing{atom, start, set, written}, number); err != nil {
			return err
		}
	}
}

func (g *graphReader) ringNumber() (number int, ok bool, err error) {
	switch c := g.peek(); {
	case isDigit(c):
		g.pos++
		return int(c - '0'), true, nil
	case c != '%':
		return 0, false, nil
	}
	rest := g.text[g.pos+1:]
	if len(rest) < 2 || !isDigit(rest[0]) || !isDigit(rest[1]) {
		return 0, false, syntaxErrorf(g.pos, "'%%' needs two digits")
	}
	g.pos += 3
	return int(rest[0]-'0')*10 + int(rest[1]-'0'), true, nil
}

// ring opens a ring number, or closes it.
func (g *graphReader) ring(end openRing, number int) error {
	begin, ok := g.open[number]
	if !ok {
		g.open[number] = end
		return nil
	}
	delete(g.open, number)
	if begin.atom == end.atom || g.query.bound(begin.atom, end.atom) {
		return syntaxErrorf(end.pos, "ring %d binds atoms that are one or already bound", number)
	}
	set := begin.set
	switch {
	case !begin.written:
		set = end.set
	case end.written && end.set != begin.set:
		return syntaxErrorf(end.pos, "ring %d has two different bonds", number)
	}
	g.query.bonds = append(g.query.bonds, queryBond{begin.atom, end.atom, set})
	return nil
}

func (q *query) bound(a, b int) bool {
	for _, bond := range q.bonds {
		if bond.begin == a && bond.end == b || bond.begin == b && bond.end == a {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// SyntaxError says where a text stops being a SMARTS that the package
// understands.
type SyntaxError struct {
	// Pos is the 0-based byte offset of the fault.
	Pos int
	// Msg says what is wrong there.
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("SMARTS at byte %d: %s", e.Pos, e.Msg)
}

func syntaxErrorf(pos int, format string, args ...any) error {
	return &SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}
