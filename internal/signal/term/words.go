package term

import (
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/signal/ascii"
)

// words finds terms in ASCII in texts in ASCII. There a term begins where a
// word does, and what separates words is one gap. So its patterns have a space
// before each word, and most words of most texts are left after a look at their
// first letters. It finds what the index of all terms finds there, in far less
// memory: caches have much else to hold.
type words struct {
	index
	// starts has the bits of the hashes of what terms begin with.
	starts [1 << (startBits - 6)]uint64
}

// startBits is how long the hash of a start is.
const startBits = 16

// startCodes is how many codes a start has. One is 0 for a gap between words,
// and behind the last word.
const startCodes = 4

// wordRows is how many states of words have a row: those of a letter or two,
// which many follow.
const wordRows = 1 << 9

// newWords returns the words of patterns in ASCII.
func newWords(byPattern map[string][]meaning) words {
	spaced := map[string][]meaning{}
	var w words
	for pattern, meanings := range byPattern {
		if !isASCII(pattern) {
			continue
		}
		for _, m := range meanings {
			text := m.spaced(pattern)
			spaced[text] = append(spaced[text], m)
			w.addStart(text[1:], m.open)
		}
	}
	w.index = newIndex(spaced, wordRows)
	return w
}

// spaced returns the letters of a term with a space before each word.
func (m *meaning) spaced(letters string) string {
	text := []byte{' '}
	for i := range len(letters) {
		if i > 0 && m.gaps[i] != joined {
			text = append(text, ' ')
		}
		text = append(text, letters[i])
	}
	return string(text)
}

// addStart adds all that a text may begin with where a term does.
func (w *words) addStart(pattern string, open bool) {
	start := uint32(0)
	for i := range min(len(pattern), startCodes) {
		start = start<<codeBits | uint32(codes[pattern[i]])
	}
	missing := max(startCodes-len(pattern), 0)
	if missing > 0 && !open {
		start <<= codeBits
		missing--
	}
	w.addLonger(start, missing)
}

// addLonger adds the starts that begin with a shorter one.
func (w *words) addLonger(start uint32, missing int) {
	if missing == 0 {
		hash := hashStart(start)
		w.starts[hash/64] |= 1 << (hash % 64)
		return
	}
	for code := range uint32(asciiCodes) {
		w.addLonger(start<<codeBits|code, missing-1)
	}
}

// codeBits is how many bits a code of ASCII takes.
const codeBits = 6

func hashStart(start uint32) uint32 { return start * 2654435761 >> (32 - startBits) }

// mayBegin reports whether a term may begin with the word at a byte.
func (w *words) mayBegin(text string, i int) bool {
	hash := hashStart(startAt(text, i))
	return w.starts[hash/64]>>(hash%64)&1 != 0
}

// startAt returns the first codes from a byte on.
func startAt(text string, i int) uint32 {
	if i+startCodes <= len(text) {
		a, b, c, d := uint32(codes[text[i]]), uint32(codes[text[i+1]]), uint32(codes[text[i+2]]), uint32(codes[text[i+3]])
		if a != 0 && b != 0 && c != 0 {
			return ((a<<codeBits|b)<<codeBits|c)<<codeBits | d
		}
	}
	start, gap := uint32(0), false
	for n := 0; n < startCodes; i++ {
		code := byte(0)
		if i < len(text) {
			code = codes[text[i]]
			if code == 0 && gap {
				continue
			}
		}
		gap = code == 0
		start = start<<codeBits | uint32(code)
		n++
	}
	return start
}

// scan is [Dictionary.Scan] for a text in ASCII.
func (w *words) scan(text string, found func(Hit) bool) {
	a := &w.automaton
	at := int32(root)
	for i := 0; i < len(text); i++ {
		if codes[text[i]] == 0 {
			continue
		}
		if at != root || w.mayBegin(text, i) {
			at = a.next(at, 0)
		}
		for ; i < len(text) && at != root; i++ {
			code := codes[text[i]]
			if code == 0 {
				break
			}
			at = a.next(at, code)
			if a.longest[at] != root && !w.reportAll(text, i+1, at, found) {
				return
			}
		}
		for i = ascii.SmallEnd(text, i); i < len(text) && codes[text[i]] != 0; {
			i++
		}
	}
}

// isASCII reports whether a text has nothing else.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
