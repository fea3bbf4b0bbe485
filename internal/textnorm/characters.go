package textnorm

import (
	"unicode"
	"unicode/utf8"
)

// isPlain reports whether r is in a block of letters and digits without any
// space, invisible character or diacritic. Most characters of most texts are,
// and looking them up in Unicode's tables is what takes the time.
func isPlain(r rune) bool {
	return '!' <= r && r <= '~' || '\u00c0' <= r && r <= '\u02ff' || '\u03a3' <= r && r <= '\u052f' || isCaseless(r)
}

// isCaseless reports whether r is a Hangul, Kana or Han character that shows.
func isCaseless(r rune) bool {
	return '\u1100' <= r && r <= '\u115e' || '\u1161' <= r && r <= '\u11ff' ||
		'\u3041' <= r && r <= '\u3096' || '\u30a0' <= r && r <= '\u30ff' || '\u4e00' <= r && r <= '\u9fff' || '\uac00' <= r && r <= '\ud7a3'
}

// foldRune converts to upper case and then to lower case, so that forms with
// the same capital, such as the two small sigmas, become the same.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	if isCaseless(r) {
		return r
	}
	r = unicode.ToLower(unicode.ToUpper(r))
	if latin, ok := confusables[r]; ok {
		return latin
	}
	return r
}

// isSpace reports whether r is white space or is drawn as a blank.
func isSpace(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z) || r == brailleBlank
}

// isInvisible reports whether r shows nothing at all: controls, formats (zero
// width, bidirectional, tags), fillers, variation selectors and private use.
func isInvisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == '\x7f'
	}
	return unicode.In(r, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isDiacritic reports whether r is a combining diacritic of Latin, Greek and
// Cyrillic: it shows, but not as a letter of its own.
func isDiacritic(r rune) bool { return '\u0300' <= r && r <= '\u036f' }
