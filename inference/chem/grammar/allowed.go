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

// Feasible tells whether the text can be completed with exactly this many more tokens.
func (s *State) Feasible(remaining int) bool { return s.completable(remaining) }

// Accepts tells whether the given tokens can come next in a text that ends after
// exactly remaining tokens, these included. It leaves the state as it is.
func (s *State) Accepts(ids []int, remaining int) bool {
	next := *s
	for _, id := range ids {
		t, err := s.grammar.token(id)
		if err != nil || next.push(&t) != fits {
			return false
		}
	}
	return next.completable(remaining - len(ids))
}

// AllowedBefore is Allowed for a place right before tokens that are fixed: only
// what the fixed ones can follow is allowed, and remaining counts them too.
//
// A text with fixed tokens in several places may have none that fits them all,
// and looking one stretch ahead does not always notice in time: then nothing is
// allowed, or Push of a fixed token fails, and the caller goes back to an
// earlier copy of the State.
func (s *State) AllowedBefore(fixed []int, remaining int, allowed []bool) {
	s.Allowed(remaining, allowed)
	for id, ok := range allowed {
		if !ok {
			continue
		}
		next := *s
		next.push(&s.grammar.tokens[s.grammar.meaning[id]])
		allowed[id] = next.Accepts(fixed, remaining-1)
	}
}

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
	if t.kind == foreign {
		return false
	}
	s.copyTo(next)
	return next.push(t) == fits && next.completable(remaining-1)
}
