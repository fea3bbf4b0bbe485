package grammar

import "slices"

// completion is a way to complete a text.
type completion struct {
	// tokens is its length.
	tokens int
	// stretches reports whether it may be longer by any number of tokens: the
	// chain that it appends can have more atoms.
	stretches bool
	ok        bool
}

// fits reports whether a completion makes a text end after exactly so many
// tokens.
func (s *State) fits(o completion, tokens int) bool {
	if !o.ok || tokens < o.tokens {
		return false
	}
	apart := tokens >= o.tokens+2 && s.grammar.hasDot // ".C"
	return tokens == o.tokens || o.stretches || apart
}

// better returns the shorter of two completions.
func better(a, b completion) completion {
	if !a.ok || b.ok && b.tokens < a.tokens {
		return b
	}
	return a
}

// shortCompletion finds a short completion without a search: a chain of carbons
// from the last atom, or from one where a branch starts, that closes all rings.
func (s *State) shortCompletion() completion {
	if s.tip < 0 {
		return completion{1, true, true} // "C"
	}
	if s.fresh || s.pending != 0 {
		next := *s
		return s.after(next.push(&s.grammar.carbon) == fits, &next)
	}
	if s.mustOpen() {
		next := *s
		return s.after(next.openAny(), &next)
	}
	if tip := &s.path[s.tip]; tip.atom.pi == doubled && tip.atom.free == 2 {
		next := *s
		return s.after(s.grammar.branches() && next.openBranch() == fits, &next)
	}
	var best completion
	for sets, lackingSet := s.pi, uint8(0); sets != 0; sets, lackingSet = sets>>1, lackingSet+1 {
		if sets&1 != 0 {
			best = better(best, s.shortCompletionFor(lackingSet))
		}
	}
	return best
}

// after is the completion of a text with one token more.
func (s *State) after(fits bool, next *State) completion {
	if !fits {
		return completion{}
	}
	o := next.shortCompletion()
	o.tokens++
	return o
}

// shortCompletionFor is shortCompletion for the case that these unsettled atoms
// lack a double bond.
func (s *State) shortCompletionFor(lacking uint8) completion {
	c := chain{state: s, lacking: lacking}
	o := better(c.at(noPlace), c.at(s.tip))
	if root, ok := c.growingRoot(); ok {
		o = better(o, c.at(root))
	}
	o.tokens += int(s.nRings) + int(s.nBranches)
	return o
}

// chain is one way of completing: a chain of carbons.
type chain struct {
	state *State
	// lacking are the unsettled atoms that lack a double bond.
	lacking uint8
	// closers are places with an open ring that lack one: an aromatic carbon
	// must close that ring.
	closers  [maxUnsettled]int16
	nClosers int
}

func (c *chain) lacks(at int16) bool {
	i := c.state.path[at].unsettled
	return i != settled && c.lacking&(1<<i) != 0
}

// at returns the completion by a chain that starts at a place, or none at all.
func (c *chain) at(site int16) completion {
	cost, ok := c.satisfyOpen(site)
	if !ok {
		return completion{}
	}
	o := c.withoutAtoms()
	if site != noPlace {
		o = c.from(site)
	}
	o.tokens += cost
	return o
}

// satisfyOpen finds a double bond for every lacking atom but the tip and where
// the chain starts, and returns the tokens that it costs beside the closing of
// rings and branches.
func (c *chain) satisfyOpen(site int16) (cost int, ok bool) {
	s := c.state
	c.nClosers = 0
	for i := range uint8(maxUnsettled) {
		at := s.trackedAt[i]
		if s.tracked&(1<<i) == 0 || c.lacking&(1<<i) == 0 || at == s.tip || at == site {
			continue
		}
		p := &s.path[at]
		switch {
		case p.atom.pi != doubled && s.hasPlainRing(at):
			c.closers[c.nClosers] = at
			c.nClosers++
		case p.atom.pi == alwaysPi && p.atom.free > 0 && s.mayGrow(at):
			cost += 2 // =C after the branch
		case p.thirdSatisfies() && s.mayGrow(at):
			cost++ // C after the branch
		default:
			return 0, false
		}
	}
	return cost, true
}

// hasPlainRing reports whether a place has an open ring whose bond may be
// aromatic.
func (s *State) hasPlainRing(at int16) bool {
	for _, r := range s.rings[:s.nRings] {
		if r.place == at && r.symbol == 0 {
			return true
		}
	}
	return false
}

// withoutAtoms closes all rings at the tip.
func (c *chain) withoutAtoms() completion {
	s := c.state
	tip := &s.path[s.tip]
	if c.lacks(s.tip) || c.nClosers > 0 {
		return completion{}
	}
	if s.nRings == 0 {
		return completion{0, c.growsAnywhere(0), true}
	}
	if tip.atom.aromatic || !s.numbered || !c.closesAllAtTip() {
		return completion{}
	}
	return completion{0, c.growsAnywhere(s.ringOrders()), true}
}

func (c *chain) closesAllAtTip() bool {
	s := c.state
	if s.ringOrders() > s.path[s.tip].atom.free {
		return false
	}
	for i, r := range s.rings[:s.nRings] {
		if r.place >= s.tip-1 || s.isBonded(r.place) {
			return false
		}
		for _, other := range s.rings[:i] {
			if other.place == r.place {
				return false
			}
		}
	}
	return true
}

// ringOrders adds up the orders of the open rings' bonds.
func (s *State) ringOrders() int8 {
	sum := int8(0)
	for _, r := range s.rings[:s.nRings] {
		sum += bondOrder(r.symbol)
	}
	return sum
}

// growsAnywhere reports whether a chain may start at the tip, once that many of
// its valences are used, or at the start of an open branch.
func (c *chain) growsAnywhere(used int8) bool {
	s := c.state
	if s.path[s.tip].atom.free > used && c.canGrow(s.tip) {
		return true
	}
	return slices.ContainsFunc(s.branches[:s.nBranches], c.canGrow)
}

// thirdSatisfies reports whether one neighbour more takes away the need for a
// double bond.
func (p *place) thirdSatisfies() bool {
	return p.atom.free == 1 && (p.atom.pi == untilThird || p.atom.pi == doubled)
}

// canGrow reports whether an atom can take a single bond more.
func (c *chain) canGrow(at int16) bool {
	p := &c.state.path[at]
	if p.atom.free < 1 {
		return false
	}
	// A third neighbour takes the need for a double bond away, but not one that
	// is there.
	return !p.thirdSatisfies() || p.unsettled == settled || c.lacks(at)
}

// growingRoot finds the innermost branch that can be closed, with those in it,
// and go on where it started.
func (c *chain) growingRoot() (root int16, ok bool) {
	s := c.state
	if c.lacks(s.tip) {
		return noPlace, false
	}
	end := s.tip
	for n := int(s.nBranches) - 1; n >= 0; n-- {
		root := s.branches[n]
		if c.waitsForRing(root, end) {
			return noPlace, false
		}
		if c.canGrow(root) {
			return root, true
		}
		end = root
	}
	return noPlace, false
}

// waitsForRing reports whether something after a place, up to an end, waits for
// a ring.
func (c *chain) waitsForRing(root, end int16) bool {
	s := c.state
	for _, r := range s.rings[:s.nRings] {
		if r.place > root {
			return true
		}
	}
	for at := root + 1; at <= end; at++ {
		if s.path[at].need != noNeed {
			return true
		}
	}
	return false
}

// from starts the chain at a place and returns the tokens for its atoms and
// bonds.
func (c *chain) from(site int16) completion {
	s := c.state
	if !c.canGrow(site) {
		return completion{}
	}
	p := &s.path[site]
	first := plainCarbon
	switch {
	case !c.lacks(site) || p.thirdSatisfies():
	case s.nRings > 0:
		first = pairedCarbon
	case p.atom.pi == alwaysPi:
		return completion{2, true, true} // =C
	default:
		return completion{}
	}
	return completion{c.atoms(site, first), true, true}
}
