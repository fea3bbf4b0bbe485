// Package textnorm brings prompts into one comparable form, so that nobody
// evades a rule about a word by writing it with look-alike letters, invisible
// characters or odd spacing. The form is for comparison only: the original text
// is passed on unchanged.
package textnorm

import (
	"errors"
	"math"

	"golang.org/x/text/unicode/norm"

	"github.com/odordiff/odordiff/internal/offset"
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
		folded, composes, err := fold(text, false, b, nil)
		if err != nil {
			return "", err
		}
		if text = folded; composes {
			text = norm.NFC.String(folded)
		}
	}
	return text, b.spend(len(text))
}

// NormaliseMapped is [NormaliseWithin] with a map that leads from the result
// back to text. The map costs more than the form does, except where every
// character keeps its place: ask for it once something has been found.
func NormaliseMapped(text string, b *Budget) (string, offset.Map, error) {
	if isNormalASCII(text) {
		return text, offset.Map{}, b.spend(len(text))
	}
	var at offset.Builder
	folded, composes, err := fold(text, false, b, &at)
	if err != nil {
		return "", offset.Map{}, err
	}
	if !composes {
		return folded, at.Map(), b.spend(len(folded))
	}
	composed, m := compose(folded)
	return composed, m.After(at.Map()), b.spend(len(composed))
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
	return seamed(text, b, nil)
}

// SeamedMapped is [SeamedWithin] with a map, as [NormaliseMapped] is
// [NormaliseWithin].
func SeamedMapped(text string, b *Budget) (string, offset.Map, error) {
	var at offset.Builder
	form, err := seamed(text, b, &at)
	return form, at.Map(), err
}

func seamed(text string, b *Budget, at *offset.Builder) (string, error) {
	if !isNormalASCII(text) {
		var err error
		if text, _, err = fold(text, true, b, at); err != nil {
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
	before := byte(' ') // so that a leading space is found
	for i := range len(text) {
		c := text[i]
		// Of characters that show and spaces, only two spaces give one. That is
		// known without a branch that goes another way at each word.
		if !isNormal[c] || c|before == ' ' {
			return false
		}
		before = c
	}
	return text == "" || before != ' '
}

// isNormal holds the ASCII characters that are their own normal form.
var isNormal = func() (table [256]bool) {
	for c := ' '; c <= '~'; c++ {
		table[c] = foldRune(c) == c
	}
	return table
}()
