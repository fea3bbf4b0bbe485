package decode

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names are words by which a text shows that it is turned, if one of them is.
// They are safe for concurrent use.
type Names struct {
	turned wordTable
	size   int
	// filter has a bit for each hash of a word: most others end there.
	filter [1 << (filterBits - 6)]uint64
}

const filterBits = 17 // ten times as many as there are words, and more

// leastName is how many letters a name has at least: shorter ones are other
// words when they are turned.
const leastName = 5

// maxNames is how many words are kept at most, turned in either way.
const maxNames = len(wordTable{}) / 2

// NewNames returns the longest word of each term, as far as it is of letters of
// ASCII. What occurs in a language when it is turned is left out.
func NewNames(terms []string) *Names {
	names := new(Names)
	for _, t := range terms {
		longest := ""
		for _, w := range strings.FieldsFunc(t, func(r rune) bool { return r > 'z' || classOf[byte(r)]&letter == 0 }) {
			if len(w) > len(longest) {
				longest = w
			}
		}
		if len(longest) < leastName {
			continue
		}
		rot13, reversed := make([]byte, len(longest)), []byte(longest)
		for i := range len(longest) {
			rot13[i] = byte('a' - 1 + rot13Letter(int(letterOf[longest[i]])))
		}
		slices.Reverse(reversed)
		names.add(rot13, knownRot13)
		names.add(reversed, knownReversed)
	}
	return names
}

func (n *Names) add(turned []byte, how uint8) {
	if isKnown(turned) || n.size == maxNames {
		return
	}
	w := readWord(string(turned), 0)
	hash := hashFilter(w.letters)
	n.filter[hash>>6] |= 1 << (hash & 63)
	n.turned.place(w.letters).is |= how
	n.size++
}

// lookUp returns in which ways a word may be a name that is turned. The last
// letters of a word decide, so that another may pass for one.
func (n *Names) lookUp(w *word) uint8 {
	hash := hashFilter(w.letters)
	if n.filter[hash>>6]&(1<<(hash&63)) == 0 {
		return 0
	}
	return n.turned.lookUp(w.letters)
}

// named returns in which ways a word of a text may be a name that is turned.
func (w *word) named(text string, names *Names) uint8 {
	if w.all()&high != 0 {
		return names.lookUpBare(text[w.start:w.end])
	}
	return names.lookUp(w)
}

// lookUpBare is lookUp for a word that has characters beyond ASCII: it looks at
// its letters without the marks on them.
func (n *Names) lookUpBare(text string) uint8 {
	var letters [longestBare]byte
	size := 0
	for _, r := range text {
		if isMarkOn(r) {
			continue
		}
		c := bare(r)
		if c == 0 || size == len(letters) {
			return 0
		}
		letters[size] = c
		size++
	}
	if size < leastName {
		return 0
	}
	w := readWord(string(letters[:size]), 0)
	return n.lookUp(&w)
}

// longestBare is how many letters a word has at most that is looked up without
// its marks.
const longestBare = 32

// bare returns the letter of ASCII that a letter is without the marks on it; 0
// if it is none.
func bare(r rune) byte {
	switch {
	case r < utf8.RuneSelf:
		if classOf[byte(r)]&letter != 0 {
			return byte(r)
		}
	case r < lastBare:
		return bareLetters[r]
	}
	return 0
}

// lastBare is behind the Latin letters with marks, which are in two blocks.
const lastBare = 0x1f00

var bareLetters = func() (table [lastBare]byte) {
	for _, block := range [][2]rune{{0xc0, 0x250}, {0x1e00, lastBare}} {
		for r := block[0]; r < block[1]; r++ {
			if first := norm.NFD.String(string(r))[0]; classOf[first]&letter != 0 {
				table[r] = first
			}
		}
	}
	return table
}()

func hashFilter(letters uint32) uint32 { return letters * 2654435761 >> (32 - filterBits) }
