package signal

import (
	"strings"
	"unicode"
)

// MaxSets is how many sets of terms there may be, so that [Sets] has a place
// for each.
const MaxSets = 64

// Sets is a set of sets of terms, by their numbers.
type Sets uint64

// Has reports whether a set is among them.
func (s Sets) Has(set int) bool { return s&(1<<set) != 0 }

// nearWords is how many words stand at most between what is near each other:
// "how is" and "made" are near sarin in "how is the gas sarin being made".
const nearWords = 2

// findNear finds for each substance the sets of which a term is near it.
func (s *Signals) findNear(text string) {
	for i := range s.Hazards {
		h := &s.Hazards[i]
		for _, t := range s.Terms {
			if !h.Near.Has(t.Set) && near(text, h.Place, t.Place) {
				h.Near |= 1 << t.Set
			}
		}
	}
}

// near reports whether two places are in one sentence, with few words between
// them.
func near(text string, a, b Place) bool {
	if a.Start > b.Start {
		a, b = b, a
	}
	if a.End >= b.Start {
		return true
	}
	words, inWord, ends := 0, false, false
	for _, r := range text[a.End:b.Start] {
		switch {
		case unicode.IsSpace(r) && ends:
			return false
		case isLetter(r) || unicode.IsDigit(r):
			if !inWord {
				words++
			}
			inWord = true
		case !hides(r) && !unicode.Is(unicode.M, r):
			inWord = false
		}
		if words > nearWords || strings.ContainsRune("。！？।", r) {
			return false
		}
		ends = strings.ContainsRune(".!?…؟", r)
	}
	return true
}
