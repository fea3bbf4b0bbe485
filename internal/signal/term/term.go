// Package term finds any of many terms in a text in one pass: phrases of
// several sets, as whole words.
//
// Words are runs of letters, digits and marks. What separates them does not
// matter, so that "nerve agent" is found in "nerve-agent,". A term is found as
// whole words only, unless it ends in an asterisk: "synthes*" is also found in
// "synthesise". A term in a script that puts no spaces between words is found
// wherever it stands. Where two scripts meet, words end: "VX" is found within
// Japanese.
//
// An invisible character may or may not separate words: a term is found either
// way, because such characters are used to hide it. Texts are therefore
// searched in the form of [textnorm.Seamed], which keeps their places.
package term

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// maxLetters is how many bytes of letters a term may have.
const maxLetters = 1 << 10

// Set is a named list of terms, in any spelling.
type Set struct {
	Name  string
	Terms []string
}

// Hit is one occurrence of a term.
type Hit struct {
	// Set and Term are the indices of the set and of the term in it.
	Set, Term int
	// Start and End are where the term's letters lie in the text that was
	// searched, in bytes.
	Start, End int
}

// Dictionary finds the terms of several sets. It is safe for concurrent use.
type Dictionary struct {
	all   index // of all terms, by their letters
	words words // of those in ASCII, for texts in ASCII
}

// index finds patterns, and knows what they mean.
type index struct {
	automaton automaton
	// meanings are what the patterns of the automaton mean. Those of one pattern
	// follow one another; firsts holds where, by number.
	meanings []meaning
	firsts   []int32
}

// meaning is one term that a pattern stands for: several terms may have the
// same letters.
type meaning struct {
	set, term int
	gaps      []gap // before each byte of the pattern; the first does not matter
	open      bool  // whether the last word may go on
	// The scripts of the first and of the last letter.
	first, last script
}

// Error is a term that cannot be searched for.
type Error struct {
	Set  string
	Item int
	Term string
	// Reason reads on after the term.
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s has item %d, %.80q, %s", e.Set, e.Item, e.Term, e.Reason)
}

// New returns a dictionary of the terms of sets. Of terms that one set has in
// two spellings, the first counts. The error is an [*Error].
func New(sets []Set) (*Dictionary, error) {
	byPattern := map[string][]meaning{}
	for s, set := range sets {
		for t, text := range set.Terms {
			pattern, m, reason := read(text)
			if reason != "" {
				return nil, &Error{set.Name, t, text, reason}
			}
			m.set, m.term = s, t
			if !slices.ContainsFunc(byPattern[pattern], m.same) {
				byPattern[pattern] = append(byPattern[pattern], m)
			}
		}
	}
	return &Dictionary{all: newIndex(byPattern, maxRows), words: newWords(byPattern)}, nil
}

// read returns the letters of a term, and what they mean.
func read(text string) (pattern string, m meaning, reason string) {
	stem, open := strings.CutSuffix(text, "*")
	stem = textnorm.Seamed(textnorm.Normalise(stem))
	letters, gaps := spell(stem)
	switch {
	case len(letters) == 0:
		return "", m, "without a letter or digit"
	case len(letters) > maxLetters:
		return "", m, fmt.Sprintf("with more than %d bytes of letters", maxLetters)
	}
	pattern = string(letters)
	first, _ := utf8.DecodeRuneInString(pattern)
	m = meaning{gaps: gaps, open: open, first: scriptOf(first), last: scriptOf(lastLetter(pattern))}
	return pattern, m, ""
}

func (m *meaning) same(other meaning) bool {
	return m.set == other.set && m.open == other.open && slices.Equal(m.gaps, other.gaps)
}

// newIndex returns the index of patterns, of which so many states have a row.
func newIndex(byPattern map[string][]meaning, rows int) index {
	d := index{firsts: []int32{0}}
	patterns := slices.Sorted(maps.Keys(byPattern))
	for _, pattern := range patterns {
		d.meanings = append(d.meanings, byPattern[pattern]...)
		d.firsts = append(d.firsts, int32(len(d.meanings)))
	}
	d.automaton = newAutomaton(patterns, rows)
	return d
}

// Scan calls found with each occurrence of a term in text, in the order of
// their ends and the longest of those that end together first, until it
// returns false. The text must be in the form of [textnorm.Seamed]. Nothing is
// allocated.
func (d *Dictionary) Scan(text string, found func(Hit) bool) {
	if isASCII(text) {
		d.words.scan(text, found)
		return
	}
	d.all.scan(text, found)
}

// scan is [Dictionary.Scan], letter by letter.
func (d *index) scan(text string, found func(Hit) bool) {
	a := &d.automaton
	at := int32(root)
	for i := 0; i < len(text); {
		c, size := text[i], 1
		if c < utf8.RuneSelf {
			code := codes[c]
			if code == 0 {
				i++
				continue
			}
			at = a.next(at, code)
		} else {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); !isWord(r) {
				i += size
				continue
			}
			for _, code := range []byte(text[i : i+size]) {
				at = a.next(at, code)
			}
		}
		i += size
		if a.longest[at] != root && !d.reportAll(text, i, at, found) {
			return
		}
	}
}

// reportAll calls found for each pattern that ends at end, where the automaton
// is in a state.
func (d *index) reportAll(text string, end int, at int32, found func(Hit) bool) bool {
	a := &d.automaton
	for at = a.longest[at]; at != root; at = a.longest[a.fail[at]] {
		if !d.report(text, end, a.pattern[at], found) {
			return false
		}
	}
	return true
}

// report calls found for each meaning of a pattern whose letters end at end.
func (d *index) report(text string, end int, pattern int32, found func(Hit) bool) bool {
	for i := d.firsts[pattern]; i < d.firsts[pattern+1]; i++ {
		m := &d.meanings[i]
		start, fits := m.fits(text, end)
		if fits && !found(Hit{m.set, m.term, start, end}) {
			return false
		}
	}
	return true
}

// fits reports whether what stands before, between and after the letters of an
// occurrence agrees with the term, and where the occurrence starts.
func (m *meaning) fits(text string, end int) (start int, fits bool) {
	if !m.open && !m.last.ends(text, end) {
		return 0, false
	}
	at := end - 1
	for i := len(m.gaps) - 1; i > 0; i-- {
		before, letter := gapBefore(text, at)
		if before != m.gaps[i] && before != seam {
			return 0, false
		}
		at = letter
	}
	return at, m.first.begins(text, at)
}
