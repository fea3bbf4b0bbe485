package decode

import "strings"

// longestKnown is how many letters a word may have to be in the table of known
// words: as many as fit 32 bits.
const longestKnown = 6

// What a word in the table is.
const (
	knownPlain = 1 << iota
	knownRot13
	knownReversed
)

// known says of the words of a few letters whether they occur in a language,
// and whether they would if they were turned.
var known = learnWords(language)

// wordTable holds words at the place that their hash gives, or behind it.
type wordTable [1 << wordBits]knownWord

const wordBits = 14 // three times as many places as there are words, and more

// knownWord is a word of a few letters, which are the digits of a number to the
// base of [states]; 0 for an empty place.
type knownWord struct {
	letters uint32
	is      uint8
}

func learnWords(text string) *wordTable {
	table := new(wordTable)
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return letterOf[byte(r)] == 0 }) {
		if len(w) > longestKnown {
			continue
		}
		var plain, rot13, reversed uint32
		for i := range len(w) {
			l := uint32(letterOf[w[i]])
			plain = plain*states + l
			rot13 = rot13*states + uint32(rot13Letter(int(l)))
			reversed = reversed*states + uint32(letterOf[w[len(w)-1-i]])
		}
		table.place(plain).is |= knownPlain
		table.place(rot13).is |= knownRot13
		table.place(reversed).is |= knownReversed
	}
	return table
}

// place returns where a word is, and puts it there if it is not.
func (t *wordTable) place(letters uint32) *knownWord {
	i := hashWord(letters)
	for t[i].letters != letters && t[i].letters != 0 {
		i = (i + 1) % uint32(len(t))
	}
	t[i].letters = letters
	return &t[i]
}

// lookUp returns what a word is.
func (t *wordTable) lookUp(letters uint32) uint8 {
	i := hashWord(letters)
	for t[i].letters != letters && t[i].letters != 0 {
		i = (i + 1) % uint32(len(t))
	}
	return t[i].is
}

func hashWord(letters uint32) uint32 { return letters * 2654435761 >> (32 - wordBits) }

// isKnown reports whether a word occurs in a language, if it has few letters.
func isKnown(word []byte) bool {
	if len(word) > longestKnown {
		return false
	}
	var letters uint32
	for _, c := range word {
		letters = letters*states + uint32(letterOf[c])
	}
	return known.lookUp(letters)&knownPlain != 0
}
