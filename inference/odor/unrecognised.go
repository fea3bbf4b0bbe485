package odor

import (
	"cmp"
	"strings"
	"unicode"
)

// suggestedFor is the largest number of unrecognised words that get
// suggestions. A prompt with more of them does not ask for a perfume.
const suggestedFor = 8

// quoteUnrecognised writes the unrecognised words as the prompt spells them,
// and adds suggestions for what they may mean.
func (in *Interpreter) quoteUnrecognised(i *Interpretation, prompt string) {
	written := spellings(prompt)
	for n, text := range i.Unrecognised {
		i.Unrecognised[n] = cmp.Or(written[text], text)
		if n >= suggestedFor {
			continue
		}
		if known := in.lexicon.spelled.suggest(text); len(known) > 0 {
			i.Suggestions = append(i.Suggestions, Suggestion{Word: i.Unrecognised[n], Known: known})
		}
	}
}

// spellings says how the words of a prompt are written there: words are looked
// up without their case, diacritics and look-alike letters.
func spellings(prompt string) map[string]string {
	written := map[string]string{}
	for _, piece := range strings.FieldsFunc(prompt, parts) {
		read := tokenise(piece)
		if len(read) != 1 || read[0].mark != word {
			continue
		}
		if _, known := written[read[0].text]; !known {
			written[read[0].text] = piece
		}
	}
	return written
}

// parts reports whether a character stands between words, and not in one.
func parts(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsPunct(r) && !isApostrophe(r) || unicode.In(r, unicode.Sm, unicode.Sc, unicode.Sk)
}
