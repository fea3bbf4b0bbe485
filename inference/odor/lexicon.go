package odor

import (
	"slices"
	"strings"
)

// meaning is what a phrase evokes: an accord of descriptors, and the odorant
// that it names, if any.
type meaning struct {
	accord  []Weighted
	odorant string
}

// lexicon finds the meaning of words.
type lexicon struct {
	phrases map[string]meaning
	longest int // words in the longest phrase
	fuzzy   speller
	spelled speller // every phrase, to suggest
}

// newLexicon gathers the descriptors and their other words, the accords, and
// the names of odorants. A name that is a smell already means that.
func newLexicon(library *Library) *lexicon {
	vocabulary := library.Vocabulary()
	// Phrases and names are too many, and too like other words, to be guessed
	// at.
	l := &lexicon{phrases: map[string]meaning{}, fuzzy: vocabulary.fuzzy}
	for key, descriptor := range vocabulary.byWord {
		l.add(key, meaning{accord: []Weighted{{descriptor, 1}}})
	}
	for key, accord := range vocabulary.accords {
		l.add(key, meaning{accord: accord})
	}
	for _, odorant := range library.Odorants() {
		l.add(words(odorant.Name), meaning{accord: odorant.Profile, odorant: odorant.Name})
	}
	l.spelled = newSpeller(own(l.phrases))
	return l
}

// own says of each phrase that it means itself.
func own(phrases map[string]meaning) map[string]string {
	means := make(map[string]string, len(phrases))
	for phrase := range phrases {
		means[phrase] = phrase
	}
	return means
}

// add gives words a meaning, unless they have one.
func (l *lexicon) add(key string, m meaning) {
	if _, taken := l.phrases[key]; taken || key == "" {
		return
	}
	l.phrases[key] = m
	l.longest = max(l.longest, strings.Count(key, " ")+1)
}

// phrase finds the longest phrase that begins with the first of the tokens and
// returns its meaning and how many tokens it takes, 0 where there is none. The
// last of several words may be inflected: "sea breezes".
func (l *lexicon) phrase(tokens []token) (meaning, int) {
	limit := 0
	for limit < min(l.longest, len(tokens)) && tokens[limit].mark == word {
		limit++
	}
	for n := limit; n > 1; n-- {
		if m, ok := l.inflected(join(tokens[:n-1]), tokens[n-1].text); ok {
			return m, n
		}
	}
	if m, ok := l.phrases[tokens[0].text]; ok {
		return m, 1
	}
	return meaning{}, 0
}

// guess finds what a single word that is neither a phrase nor part of the
// grammar means: an inflection or a misspelling.
func (l *lexicon) guess(text string) (meaning, bool) {
	if ordinary[text] {
		return meaning{}, false
	}
	if m, ok := l.inflected("", text); ok {
		return m, true
	}
	if m, ok := l.compound(text); ok {
		return m, true
	}
	intended, ok := l.fuzzy.correct(text)
	return l.phrases[intended], ok
}

// negated finds what a word says to be absent: sweetness in "unsweetened",
// smoke in "smokeless".
func (l *lexicon) negated(text string) (meaning, bool) {
	base, ok := strings.CutPrefix(text, "un")
	if !ok {
		base, ok = strings.CutSuffix(text, "less")
	}
	if !ok || len(base) < shortestPart || ordinary[text] {
		return meaning{}, false
	}
	return l.inflected("", base)
}

// Each part of a compound has at least so many letters, and the whole at most
// longestWord: "teabag" is neither tea nor a bag.
const shortestPart = 4

// compound finds what two words written as one mean: the phrase that they are
// ("orangeblossom") or else both of them ("sweetfloral").
func (l *lexicon) compound(text string) (meaning, bool) {
	if len(text) > longestWord {
		return meaning{}, false
	}
	for cut := shortestPart; cut <= len(text)-shortestPart; cut++ {
		if m, ok := l.phrases[text[:cut]+" "+text[cut:]]; ok {
			return m, true
		}
	}
	for cut := shortestPart; cut <= len(text)-shortestPart; cut++ {
		first, ok := l.phrases[text[:cut]]
		second, also := l.phrases[text[cut:]]
		if ok && also {
			return meaning{accord: slices.Concat(first.accord, second.accord)}, true
		}
	}
	return meaning{}, false
}

func (l *lexicon) inflected(before, last string) (meaning, bool) {
	for _, form := range forms(last) {
		if m, ok := l.phrases[before+form]; ok {
			return m, true
		}
	}
	return meaning{}, false
}

func join(tokens []token) string {
	var text strings.Builder
	for _, t := range tokens {
		text.WriteString(t.text)
		text.WriteByte(' ')
	}
	return text.String()
}
