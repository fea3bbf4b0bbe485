package grammar

// maxVisits bounds the search for a completion, in prefixes that have no simple
// one.
const maxVisits = 64

// smallestRing is the fewest tokens that take an atom into a ring of its own:
// its number, two atoms, the number again.
const smallestRing = 4

// completable reports whether the text can end after exactly so many tokens
// more. It is never wrong in saying yes. It may miss odd completions of the
// least possible length.
func (s *State) completable(tokens int) bool {
	visits := maxVisits
	return s.search(tokens, &visits)
}

// least returns a number of tokens below which no completion can be.
func (s *State) least() int {
	if s.tip < 0 {
		return 1
	}
	tokens := int(s.nRings) + int(s.nBranches)
	if s.mustOpen() {
		return tokens + smallestRing
	}
	if s.fresh || s.pending != 0 && s.nRings == 0 {
		tokens++
	}
	if s.nRings > 0 && !s.fresh && (!s.numbered || s.path[s.tip].atom.free == 0) {
		tokens++ // an atom to close them at
	}
	return tokens
}

// search looks for a completion of exactly so many tokens: a simple one, or
// else one that begins with a token that short completions are made of.
func (s *State) search(tokens int, visits *int) bool {
	if tokens < s.least() {
		return false
	}
	if tokens == 0 {
		return s.Complete()
	}
	if s.hasRoom(tokens) || s.fits(s.shortCompletion(), tokens) {
		return true
	}
	if *visits--; *visits < 0 {
		return false
	}
	for _, r := range s.rings[:s.nRings] {
		if s.completesWith(&token{kind: ringToken, number: r.number}, tokens, visits) {
			return true
		}
	}
	g := s.grammar
	return s.nBranches > 0 && s.completesWith(&token{kind: closeToken}, tokens, visits) ||
		g.hasAromatic && s.completesWith(&g.aromaticCarbon, tokens, visits) ||
		s.completesWith(&g.carbon, tokens, visits) ||
		g.hasHetero && s.completesWith(&g.ringHetero, tokens, visits) ||
		g.hasDouble && s.completesWith(&g.double, tokens, visits) ||
		g.hasSingle && s.completesWith(&token{kind: bondToken, symbol: '-'}, tokens, visits) ||
		s.completesByOpening(tokens, visits)
}

// hasRoom is a quick answer for many prefixes that are far from their end: no
// Kekulé form to care for, and room for a chain of carbons that closes one ring
// at each but the first.
func (s *State) hasRoom(tokens int) bool {
	return s.tip >= 0 && s.tracked == 0 && !s.fresh && s.pending == 0 && !s.mustOpen() &&
		s.path[s.tip].atom.free > 0 && tokens >= 2*int(s.nRings)+int(s.nBranches)+2
}

func (s *State) completesWith(t *token, tokens int, visits *int) bool {
	var next State
	s.copyTo(&next)
	return next.push(t) == fits && next.search(tokens-1, visits)
}

// completesByOpening opens a ring where an aromatic atom cannot do without.
func (s *State) completesByOpening(tokens int, visits *int) bool {
	if !s.mustOpen() {
		return false
	}
	next := *s
	return next.openAny() && next.search(tokens-1, visits)
}

// mustOpen reports whether the tip is an aromatic atom that no open ring can
// take in.
func (s *State) mustOpen() bool {
	return s.tip >= 0 && s.path[s.tip].need != noNeed && s.nRings == 0
}

// openAny opens a ring at the tip with any number that is free.
func (s *State) openAny() bool {
	for _, number := range s.grammar.numbers {
		if !s.isOpen(number) {
			return s.push(&token{kind: ringToken, number: number}) == fits
		}
	}
	return false
}

func (s *State) isOpen(number uint8) bool {
	for _, r := range s.rings[:s.nRings] {
		if r.number == number {
			return true
		}
	}
	return false
}
