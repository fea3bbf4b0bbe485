package grammar

// Allowed fills allowed, indexed by token id, with whether the token may come
// next in a text that ends after exactly remaining tokens, this one included.
// Whatever it allows can be completed: as long as remaining was feasible at the
// start, some token is allowed at every step until the text is Complete with
// none remaining. The slice must be as long as the vocabulary.
func (s *State) Allowed(remaining int, allowed []bool) {
	var (
		verdicts verdicts
		next     State
	)
	for id, index := range s.grammar.meaning {
		allowed[id] = verdicts.of(s, &next, index, remaining)
	}
}

// Feasible reports whether the text can be completed with exactly this many
// more tokens.
func (s *State) Feasible(remaining int) bool { return s.completable(remaining) }

// verdicts remembers the answers for tokens of one meaning, and one answer for
// all the ring numbers that would open a ring.
type verdicts struct {
	known   [maxMeanings]verdict
	opening verdict
}

type verdict uint8

const (
	unknown verdict = iota
	yes
	no
)

func (v *verdicts) of(s, next *State, meaning int16, remaining int) bool {
	t := &s.grammar.tokens[meaning]
	known := &v.known[meaning]
	if t.kind == ringToken && !s.isOpen(t.number) {
		known = &v.opening
	}
	if *known == unknown {
		*known = no
		if s.allows(t, next, remaining) {
			*known = yes
		}
	}
	return *known == yes
}

// allows overwrites next.
func (s *State) allows(t *token, next *State, remaining int) bool {
	if t.kind == notSMILES {
		return false
	}
	s.copyTo(next)
	return next.push(t) == fits && next.completable(remaining-1)
}
