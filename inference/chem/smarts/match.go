package smarts

import (
	"slices"
	"strconv"
)

// The search places the pattern's atoms one by one in the order of the plan and
// takes back the last where none fits: the backtracking of Ullmann (J. ACM
// 1976, 23, 31) with candidates drawn from the neighbours of atoms already
// placed, as in VF2 (Cordella, Foggia, Sansone & Vento, IEEE Trans. Pattern
// Anal. Mach. Intell. 2004, 26, 1367).

// Matches reports whether the molecule holds the pattern. A search that would
// take more than about a million steps, which only patterns of high symmetry in
// very large molecules do, is given up and counts as a match: whoever screens
// for what is dangerous must not miss it for its size.
func (t *Target) Matches(p *Pattern) bool {
	t.steps = 0
	found := t.search(p, p.free, -1, func([]int) bool { return true })
	return found || t.exhausted()
}

// MatchesAt reports whether the pattern is there with the given atom as its
// first. A search that is too long counts as a match, as in Matches.
func (t *Target) MatchesAt(p *Pattern, atom int) bool {
	t.steps = 0
	return t.holdsAt(p, atom) || t.exhausted()
}

// Find returns up to limit matches as Pattern.Find does. Where the search is
// too long, it returns what was found until then.
func (t *Target) Find(p *Pattern, limit int) [][]int {
	if limit < 1 || limit > MaxMatches {
		limit = MaxMatches
	}
	t.steps = 0
	var matches [][]int
	seen := map[string]bool{}
	t.search(p, p.free, -1, func(atoms []int) bool {
		if key := setKey(atoms); !seen[key] {
			seen[key] = true
			matches = append(matches, slices.Clone(atoms))
		}
		return len(matches) == limit
	})
	return matches
}

// setKey is the same for the same atoms in any order.
func setKey(atoms []int) string {
	sorted := slices.Sorted(slices.Values(atoms))
	var key []byte
	for _, a := range sorted {
		key = strconv.AppendInt(append(key, ' '), int64(a), 10)
	}
	return string(key)
}

func (t *Target) exhausted() bool { return t.steps > maxSteps }

// environment answers a recursive part of a pattern, once for each atom.
func (t *Target) environment(p *Pattern, atom int) bool {
	if t.known == nil {
		t.known = map[*Pattern][]verdict{}
	}
	answers := t.known[p]
	if answers == nil {
		answers = make([]verdict, len(t.atoms))
		t.known[p] = answers
	}
	if answers[atom] != unasked {
		return answers[atom] == yes
	}
	found := t.holdsAt(p, atom)
	switch {
	case t.exhausted():
	case found:
		answers[atom] = yes
	default:
		answers[atom] = no
	}
	return found
}

func (t *Target) holdsAt(p *Pattern, atom int) bool {
	return t.search(p, p.anchored, atom, func([]int) bool { return true })
}

// search is one run over a plan; it reports whether done has ended it. The
// first step is tried at the given atom, or at all if that is -1.
func (t *Target) search(p *Pattern, plan []step, at int, done func([]int) bool) bool {
	base := len(t.placed)
	for range p.atoms {
		t.placed = append(t.placed, -1)
	}
	s := search{target: t, plan: plan, base: base, size: p.atoms, done: done}
	var ended bool
	if at < 0 {
		ended = s.place(0)
	} else {
		ended = s.try(0, at)
	}
	t.placed = t.placed[:base]
	return ended
}

type search struct {
	target     *Target
	plan       []step
	base, size int
	done       func([]int) bool
}

// placed returns the atoms given so far, -1 where none is. Nested searches may
// move the stack, so it is never kept.
func (s *search) placed() []int { return s.target.placed[s.base : s.base+s.size] }

// place tries all atoms that the step at a depth of the plan may have.
func (s *search) place(depth int) bool {
	if depth == len(s.plan) {
		return s.done(s.placed())
	}
	st := &s.plan[depth]
	if st.from < 0 {
		for atom := range s.target.atoms {
			if s.try(depth, atom) {
				return true
			}
		}
		return false
	}
	for _, e := range s.target.neighbours(s.placed()[st.from]) {
		if e.kind&st.bond != 0 && s.try(depth, e.to) {
			return true
		}
	}
	return false
}

// try gives the step at a depth one atom and goes on from there.
func (s *search) try(depth, atom int) bool {
	t := s.target
	if t.steps++; t.exhausted() {
		return false
	}
	st := &s.plan[depth]
	if !st.test(t, atom) || slices.Contains(s.placed(), atom) || !s.closes(st, atom) {
		return false
	}
	s.placed()[st.atom] = atom
	ended := s.place(depth + 1)
	s.placed()[st.atom] = -1
	return ended
}

// closes reports whether an atom has the bonds that close the pattern's rings.
func (s *search) closes(st *step, atom int) bool {
	for _, c := range st.closures {
		if s.target.bondTo(atom, s.placed()[c.to])&c.bond == 0 {
			return false
		}
	}
	return true
}
