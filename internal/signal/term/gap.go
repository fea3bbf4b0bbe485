package term

import (
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// gap is what stands before a byte of a text's letters.
type gap byte

const (
	joined gap = iota // nothing
	seam              // something invisible
	apart             // something that separates words
)

// spell splits a text in its seamed form into its letters and what stands
// before each of their bytes.
func spell(text string) (letters []byte, gaps []gap) {
	letters, gaps = make([]byte, 0, len(text)), make([]gap, 0, len(text))
	before := apart
	for i, r := range text {
		switch {
		case isWord(r):
			size := utf8.RuneLen(r)
			letters = append(letters, text[i:i+size]...)
			gaps = append(append(gaps, before), make([]gap, size-1)...)
			before = joined
		case r == textnorm.Seam:
			before = max(before, seam)
		default:
			before = apart
		}
	}
	return letters, gaps
}

// gapBefore returns what stands before the byte at `at`, which belongs to a
// letter, and where the letter before it has its last byte; -1 for none.
func gapBefore(text string, at int) (before gap, letter int) {
	if !utf8.RuneStart(text[at]) {
		return joined, at - 1
	}
	for at > 0 {
		r, size := rune(text[at-1]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeLastRuneInString(text[:at])
		}
		switch {
		case isWord(r):
			return before, at - 1
		case r == textnorm.Seam:
			before = max(before, seam)
		default:
			before = apart
		}
		at -= size
	}
	return apart, -1
}

// isWord reports whether a character belongs to words. The blocks that most
// texts are of are known without looking them up.
func isWord(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return codes[r] != 0
	case '\u0430' <= r && r <= '\u0481', '\u1100' <= r && r <= '\u115e', '\u3041' <= r && r <= '\u3096', '\u4e00' <= r && r <= '\u9fff':
		return true
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// codes are the digits and letters of ASCII as the automaton numbers them, in
// order from 1, capitals as small ones; 0 for what is neither. Bytes of other
// characters are their own codes.
var codes = func() (table [256]byte) {
	for c := range byte(10) {
		table['0'+c] = 1 + c
	}
	for c := range byte(26) {
		table['a'+c], table['A'+c] = 11+c, 11+c
	}
	for c := utf8.RuneSelf; c < len(table); c++ {
		table[c] = byte(c)
	}
	return table
}()

// asciiCodes is how many codes ASCII has, with 0.
const asciiCodes = 37

// script is a kind of writing by where its words end.
type script byte

const (
	// spaced has words with spaces between them.
	spaced script = iota
	// hangul has spaces too, and foreign words without one before its particles.
	hangul
	// katakana writes foreign words among other scripts.
	katakana
	// spaceless puts no spaces between words.
	spaceless
)

// spacelessScripts are those of [spaceless].
var spacelessScripts = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// scriptOf returns the script of a letter or digit.
func scriptOf(r rune) script {
	const firstOther = '\u0e00' // below all that are not spaced
	switch {
	case r < firstOther:
		return spaced
	case '\u30a1' <= r && r <= '\u30fa' || '\u30fc' <= r && r <= '\u30ff':
		return katakana
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.In(r, spacelessScripts...):
		return spaceless
	}
	return spaced
}

// lastLetter returns the last character of a text that is not a mark on
// another; ' ' if there is none.
func lastLetter(text string) rune {
	for len(text) > 0 {
		r, size := utf8.DecodeLastRuneInString(text)
		if r < utf8.RuneSelf || !unicode.Is(unicode.M, r) {
			return r
		}
		text = text[:len(text)-size]
	}
	return ' '
}

// begins reports whether a term of a script may begin at a letter: what stands
// before it does not belong to the same word.
func (s script) begins(text string, at int) bool {
	before := lastLetter(text[:at])
	return !isWord(before) || s.leaves(before)
}

// ends reports whether a term of a script may end before at: what stands there
// does not belong to the same word.
func (s script) ends(text string, at int) bool {
	if at == len(text) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[at:])
	if !isWord(r) {
		return true
	}
	return s.leaves(r) && !unicode.Is(unicode.M, r)
}

// leaves reports whether a letter beside one of the script is of another word.
func (s script) leaves(neighbour rune) bool {
	return s == spaceless || scriptOf(neighbour) != s
}
