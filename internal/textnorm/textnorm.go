// Package textnorm brings prompts into one comparable form, so that a rule
// about a word is not evaded by writing it with look-alike letters, invisible
// characters or odd spacing. The form is for comparison only: the original
// text travels on unchanged.
package textnorm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxExpansion is how many bytes of normalised text one byte of the original
// can give at most: it bounds what a hostile prompt costs in memory. The worst
// character is U+FDFA, a ligature of eighteen.
const MaxExpansion = 12

// Normalise returns the comparable form of text:
//
//   - compatibility forms (full width, ligatures, mathematical letters) are
//     replaced and the rest composed, as in NFKC;
//   - letters are case folded and the diacritics of U+0300 to U+036F dropped;
//   - letters that look like a Latin one are replaced by it ([confusables]);
//   - control, format, bidirectional and other invisible characters are removed;
//   - every run of white space is one space, none at the ends.
//
// Bytes that are not UTF-8 become U+FFFD. Normalising twice changes nothing more.
func Normalise(text string) string {
	if isNormalASCII(text) {
		return text
	}
	if isASCII(text) {
		return fold(text)
	}
	return norm.NFC.String(fold(decompose(text)))
}

// Seam stands in the result of [Seamed] where something invisible was removed. It is
// invisible itself: a soft hyphen.
const Seam = '\u00ad'

// Seamed is [Normalise] without losing where invisible characters were: each
// run of them is a [Seam]. Whether "nerve", something invisible and "agent" are two
// words or one is for the reader to judge, and a search has to consider both. The
// form is decomposed, so that a seam does not keep a character from being
// composed: without seams it is the decomposition of the normal form.
func Seamed(text string) string {
	if isNormalASCII(text) {
		return text
	}
	return foldWith(decompose(text), true)
}

func decompose(text string) string {
	return norm.NFKD.String(strings.ToValidUTF8(text, "\uFFFD"))
}

// isNormalASCII reports whether text is its own normal form, which nearly
// every term list and most prompts are: they cost no allocation.
func isNormalASCII(text string) bool {
	space := true // so that a leading space is found
	for i := range len(text) {
		c := text[i]
		switch {
		case c == ' ' && space:
			return false
		case c < ' ', c > '~', 'A' <= c && c <= 'Z':
			return false
		}
		space = c == ' '
	}
	return text == "" || !space
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold maps each character of decomposed text by itself and collapses spaces.
func fold(text string) string { return foldWith(text, false) }

func foldWith(text string, seams bool) string {
	var out strings.Builder
	out.Grow(len(text))
	space, seam := false, false // whether there was one since the last character
	for _, r := range text {
		if isSpace(r) {
			space = out.Len() > 0
			continue
		}
		if isInvisible(r) {
			seam = seams
			continue
		}
		if isDiacritic(r) {
			continue
		}
		switch {
		case space:
			out.WriteByte(' ')
		case seam && out.Len() > 0:
			out.WriteRune(Seam)
		}
		space, seam = false, false
		if r = foldRune(r); r == 'ß' {
			out.WriteByte('s')
			r = 's'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// foldRune lowers by way of the capital, so that forms which share one, such
// as the two small sigmas, fall together.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	r = unicode.ToLower(unicode.ToUpper(r))
	if latin, ok := confusables[r]; ok {
		return latin
	}
	return r
}

// isSpace includes what is drawn as a blank without being white space by category.
func isSpace(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z) || r == brailleBlank
}

// isInvisible reports whether r shows nothing at all: controls, formats (zero width,
// bidirectional, tags), fillers, variation selectors and private use.
func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == '\x7f'
	}
	return unicode.In(r, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isDiacritic reports whether r is a combining diacritic of Latin, Greek and
// Cyrillic: it shows, but not as a letter of its own.
func isDiacritic(r rune) bool { return '\u0300' <= r && r <= '\u036f' }
