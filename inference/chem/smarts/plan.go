package smarts

// step places one atom of a pattern. Each step but the first of a component
// follows a bond from an atom already placed.
type step struct {
	atom int
	test atomTest
	// from is the pattern's atom whose neighbour this is, -1 for none.
	from int
	bond bondSet
	// closures are the bonds to other atoms already placed.
	closures []closure
}

// closure is a bond of a pattern that closes a ring.
type closure struct {
	to   int
	bond bondSet
}

func (q *query) compile(text string) *Pattern {
	return &Pattern{
		text:     text,
		atoms:    len(q.atoms),
		free:     q.plan(q.rarest(make([]bool, len(q.atoms)))),
		anchored: q.plan(0),
	}
}

// plan orders the atoms so that a search fails early: from the given atom along
// bonds, atoms that close rings first, then rare ones.
func (q *query) plan(start int) []step {
	placed := make([]bool, len(q.atoms))
	var steps []step
	for next := start; next >= 0; next = q.next(placed) {
		steps = append(steps, q.step(next, placed))
		placed[next] = true
	}
	return steps
}

func (q *query) step(atom int, placed []bool) step {
	s := step{atom: atom, test: q.atoms[atom].test, from: -1}
	for _, b := range q.bonds {
		other, ok := b.other(atom)
		switch {
		case !ok || !placed[other]:
		case s.from < 0:
			s.from, s.bond = other, b.set
		default:
			s.closures = append(s.closures, closure{other, b.set})
		}
	}
	return s
}

func (b queryBond) other(atom int) (other int, ok bool) {
	switch atom {
	case b.begin:
		return b.end, true
	case b.end:
		return b.begin, true
	}
	return 0, false
}

// next chooses the atom to place after those placed, -1 when all are.
func (q *query) next(placed []bool) int {
	best, most := -1, 0
	for i := range q.atoms {
		if placed[i] {
			continue
		}
		bonds := 0
		for _, b := range q.bonds {
			if other, ok := b.other(i); ok && placed[other] {
				bonds++
			}
		}
		if bonds > most || bonds == most && bonds > 0 && q.atoms[i].frequency < q.atoms[best].frequency {
			best, most = i, bonds
		}
	}
	if best < 0 {
		return q.rarest(placed)
	}
	return best
}

// rarest returns the unplaced atom that the fewest atoms are likely to match,
// -1 if there is none.
func (q *query) rarest(placed []bool) int {
	best := -1
	for i := range q.atoms {
		if !placed[i] && (best < 0 || q.atoms[i].frequency < q.atoms[best].frequency) {
			best = i
		}
	}
	return best
}
