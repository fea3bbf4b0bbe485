package decode

import (
	"slices"
	"strings"
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

func hashFilter(letters uint32) uint32 { return letters * 2654435761 >> (32 - filterBits) }
