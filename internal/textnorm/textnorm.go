// Package textnorm brings prompts into one comparable form, so that nobody
// evades a rule about a word by writing it with look-alike letters, invisible
// characters or odd spacing. The form is for comparison only: the original text
// is passed on unchanged.
package textnorm

import (
	"errors"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// chunk is about how many bytes are processed between two checks of a [Budget].
const chunk = 4 << 10

var (
	// ErrGrows says that a text's normal form is larger than its [Budget]
	// allows.
	ErrGrows = errors.New("the text grows too much when it is normalised")
	// ErrExpired says that normalising took longer than its [Budget] allows.
	ErrExpired = errors.New("normalising the text took too long")
)

// Budget bounds the cost of hostile texts. Several texts may share one.
type Budget struct {
	// Room is how many bytes of normalised text may still be made.
	Room int
	// Expired reports whether to give up. It is called every few kilobytes.
	Expired func() bool
}

// unbounded returns a budget for texts that an operator wrote.
func unbounded() *Budget {
	return &Budget{Room: math.MaxInt, Expired: func() bool { return false }}
}

// Normalise returns the comparable form of text:
//
//   - compatibility forms (full width, ligatures, mathematical letters) are
//     replaced and the rest composed, as in NFKC;
//   - letters are case folded and the diacritics of U+0300 to U+036F dropped;
//   - letters that look like a Latin one are replaced by it ([confusables]);
//   - control, format, bidirectional and other invisible characters are
//     removed;
//   - every run of white space is one space, none at the ends.
//
// Bytes that are not UTF-8 become U+FFFD. Normalising twice changes nothing
// more.
func Normalise(text string) string {
	normal, _ := NormaliseWithin(text, unbounded()) // which gives no error
	return normal
}

// NormaliseWithin is [Normalise] within a budget. It subtracts the length of
// the result from the budget's room. The error is [ErrGrows] or [ErrExpired].
func NormaliseWithin(text string, b *Budget) (string, error) {
	if !isNormalASCII(text) {
		folded, err := fold(text, false, b)
		if err != nil {
			return "", err
		}
		text = norm.NFC.String(folded)
	}
	return text, b.spend(len(text))
}

// Seam stands in the result of [Seamed] where something invisible was removed.
// It is invisible itself: a soft hyphen.
const Seam = '\u00ad'

// Seamed is [Normalise], but keeps the places of invisible characters: each run
// of them becomes a [Seam]. "nerve", something invisible and "agent" may be
// meant as one word or as two, so a search has to consider both. The form is
// decomposed, so that a seam cannot prevent a composition: without its seams it
// is the decomposition of the normal form.
func Seamed(text string) string {
	seamed, _ := SeamedWithin(text, unbounded()) // which gives no error
	return seamed
}

// SeamedWithin is [Seamed] within a budget, as [NormaliseWithin] is
// [Normalise].
func SeamedWithin(text string, b *Budget) (string, error) {
	if !isNormalASCII(text) {
		var err error
		if text, err = fold(text, true, b); err != nil {
			return "", err
		}
	}
	return text, b.spend(len(text))
}

func (b *Budget) spend(n int) error {
	if n > b.Room {
		return ErrGrows
	}
	b.Room -= n
	return nil
}

// isNormalASCII reports whether text is ASCII in its normal form. Nearly all
// terms and most prompts are, and then nothing is allocated.
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

// fold decomposes text, maps each character by itself and collapses spaces.
func fold(text string, seams bool, b *Budget) (string, error) {
	f := folder{seams: seams}
	f.out.Grow(min(len(text), b.Room))
	for text != "" {
		n := segment(text)
		f.write(norm.NFKD.String(strings.ToValidUTF8(text[:n], "\uFFFD")))
		if text = text[n:]; text == "" {
			break
		}
		if f.out.Len() > b.Room {
			return "", ErrGrows
		}
		if b.Expired() {
			return "", ErrExpired
		}
	}
	return f.out.String(), nil
}

// segment returns how many bytes of text to decompose next: up to where no
// character of what follows belongs to one before. Kilobytes of diacritics
// without such a place are cut anyway.
func segment(text string) int {
	n := chunk
	for n < len(text) && !utf8.RuneStart(text[n]) {
		n++
	}
	if n >= len(text) {
		return len(text)
	}
	next := norm.NFKD.FirstBoundaryInString(text[n:min(len(text), n+chunk)])
	return n + max(next, 0)
}

// folder writes decomposed text in the comparable form.
type folder struct {
	out   strings.Builder
	seams bool
	// Whether there was a space, or something invisible, since the last character.
	space, seam bool
}

func (f *folder) write(text string) {
	for _, r := range text {
		if !isPlain(r) {
			if isSpace(r) {
				f.space = f.out.Len() > 0
				continue
			}
			if isInvisible(r) {
				f.seam = f.seams
				continue
			}
			if isDiacritic(r) {
				continue
			}
		}
		switch {
		case f.space:
			f.out.WriteByte(' ')
		case f.seam && f.out.Len() > 0:
			f.out.WriteRune(Seam)
		}
		f.space, f.seam = false, false
		if r = foldRune(r); r == 'ß' {
			f.out.WriteByte('s')
			r = 's'
		}
		f.out.WriteRune(r)
	}
}

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
