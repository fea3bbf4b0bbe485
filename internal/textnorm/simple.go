package textnorm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lowerASCII is each ASCII character that shows, and the space, in lower case.
var lowerASCII = func() (lower [256]byte) {
	for c := ' '; c <= '~'; c++ {
		lower[c] = byte(foldRune(c))
	}
	return lower
}()

// firstSimple and lastSimple bound the letters of Latin, Greek and Cyrillic:
// all that there is to fold about them is in a table.
const (
	firstSimple = '\u00a1'
	lastSimple  = '\u052f'
)

var simpleTable = func() (table [lastSimple - firstSimple + 1]string) {
	for i := range table {
		r := firstSimple + rune(i)
		decomposed := norm.NFKD.String(string(r))
		if unicode.Is(unicode.M, r) || strings.ContainsFunc(decomposed, func(r rune) bool { return isSpace(r) || isInvisible(r) }) {
			continue
		}
		var f foldWriter
		f.block(decomposed, 0, utf8.RuneLen(r))
		table[i] = f.out.String()
	}
	return table
}()

// simple returns the comparable form of a letter of Latin, Greek or Cyrillic
// that is the same whatever stands around it; nothing for other characters.
func simple(r rune) string {
	if r < firstSimple || r > lastSimple {
		return ""
	}
	return simpleTable[r-firstSimple]
}
