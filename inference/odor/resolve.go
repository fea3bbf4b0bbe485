package odor

import (
	"cmp"
	"slices"
	"strings"
)

// longestWord bounds what is looked up, in bytes: no descriptor has a longer
// name.
const longestWord = 64

// Resolve returns the descriptor that a word or phrase is a name of: by itself,
// as an inflection ("lemony") or, where only one known word is near, as a
// misspelling ("jasmnie"). An accord such as "sea breeze" is no single
// descriptor and is not resolved.
func (v *Vocabulary) Resolve(word string) (descriptor string, ok bool) {
	if len(word) > longestWord {
		return "", false
	}
	text := words(word)
	if descriptor, ok := v.byWord[text]; ok {
		return descriptor, true
	}
	if ordinary[text] {
		return "", false
	}
	before, last := "", text
	if space := strings.LastIndexByte(text, ' '); space >= 0 {
		before, last = text[:space+1], text[space+1:]
	}
	for _, form := range forms(last) {
		if descriptor, ok := v.byWord[before+form]; ok {
			return descriptor, true
		}
	}
	intended, ok := v.fuzzy.correct(text)
	return v.byWord[intended], ok
}

// suggestions is how many descriptors [Vocabulary.Suggest] offers at most.
const suggestions = 3

// Suggest returns descriptors instead of a word that does not resolve: the
// strongest of the accord that it evokes ("oud"), or else those whose names are
// most like it, the likest first. It is empty where none is like it.
func (v *Vocabulary) Suggest(word string) []string {
	text := words(word)
	if text == "" || len(word) > longestWord {
		return nil
	}
	if accord, ok := v.accords[text]; ok {
		return strongest(accord)
	}
	return v.alike(text)
}

// strongest names the first descriptors of an accord by weight.
func strongest(accord []Weighted) []string {
	sorted := slices.Clone(accord)
	slices.SortStableFunc(sorted, func(a, b Weighted) int { return cmp.Compare(b.Weight, a.Weight) })
	var names []string
	for _, w := range sorted[:min(suggestions, len(sorted))] {
		names = append(names, w.Descriptor)
	}
	return names
}

// alike names the descriptors that have a name like a text.
func (v *Vocabulary) alike(text string) []string {
	nearest := map[string]int{}
	for known, descriptor := range v.byWord {
		away, near := unlikeness(text, known)
		if best, seen := nearest[descriptor]; near && (!seen || away < best) {
			nearest[descriptor] = away
		}
	}
	guesses := make([]guess, 0, len(nearest))
	for descriptor, away := range nearest {
		guesses = append(guesses, guess{descriptor, away})
	}
	return likest(guesses)
}

// guess is a word that may be meant, and how many mistakes away it is.
type guess struct {
	word string
	away int
}

// likest returns the first words to suggest, the likest first.
func likest(guesses []guess) []string {
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.word, b.word))
	})
	var words []string
	for _, g := range guesses[:min(suggestions, len(guesses))] {
		words = append(words, g.word)
	}
	return words
}

// unlikeness counts the mistakes that would make one text of another, and
// reports whether they are few enough for a suggestion: a third of its letters,
// or one where one text begins the other.
func unlikeness(text, known string) (int, bool) {
	if shorter := min(len(text), len(known)); shorter >= shortestStem && text[:shorter] == known[:shorter] {
		return 1, true
	}
	away := distance(text, known)
	return away, away <= max(1, len(text)/3)
}
