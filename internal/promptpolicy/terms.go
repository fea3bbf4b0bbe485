package promptpolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// termsRoot is the data document whose members are the term sets.
const termsRoot = "terms"

// maxTermBytes bounds all terms of a directory together. The automaton takes up
// to 2 KiB for each byte of a term, so this allows about 2,500 phrases and
// takes at most 64 MiB.
const maxTermBytes = 32 << 10

// lexicon finds any of the terms of all sets in a text in one pass (Aho and
// Corasick, Efficient String Matching, CACM 18(6), 1975).
//
// Words are runs of letters, digits and marks; what separates them does not
// matter, so that "nerve agent" is found in "Nerve-Agent,". A term is found as
// whole words only, unless it ends in an asterisk: "synthes*" is also found in
// "synthesise". An invisible character may or may not separate words: a term is
// found either way, because such characters are used to hide it.
//
// The automaton therefore searches the letters alone. What stands between them
// is compared afterwards.
type lexicon struct {
	trie     *ahocorasick.Trie
	meanings [][]meaning // by pattern number
	sets     map[string]bool
}

// meaning is one term that a pattern stands for: several terms may have the
// same letters.
type meaning struct {
	set  string
	term *ast.Term // as written in the data
	gaps []gap     // before each byte of the pattern; the first does not matter
	open bool      // whether the last word may go on
}

// gap is what stands before a byte of a text's letters.
type gap byte

const (
	joined gap = iota // nothing
	seam              // something invisible
	apart             // something that separates words
)

// findings are the terms of each set that occur in a text.
type findings map[string][]*ast.Term

// loadTerms builds the lexicon of every list in data.terms.
func loadTerms(data map[string]any) (*lexicon, error) {
	lists := map[string]any{}
	if root, ok := data[termsRoot]; ok {
		if lists, ok = root.(map[string]any); !ok {
			return nil, fmt.Errorf("data.%s must be an object of lists", termsRoot)
		}
	}
	lex := &lexicon{sets: map[string]bool{}}
	patterns := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		lex.sets[name] = true
		terms, err := termList(lists[name])
		if err == nil {
			err = lex.add(patterns, name, terms)
		}
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
	}
	return lex, lex.build(patterns)
}

// add numbers the patterns of one set's terms.
func (l *lexicon) add(patterns map[string]int, set string, terms []string) error {
	for i, term := range terms {
		stem, open := strings.CutSuffix(term, "*")
		letters, gaps := spell(textnorm.Seamed(textnorm.Normalise(stem)))
		if len(letters) == 0 {
			return fmt.Errorf("has item %d, %q, without a letter or digit", i, term)
		}
		pattern := string(letters)
		number, known := patterns[pattern]
		if !known {
			number = len(l.meanings)
			patterns[pattern] = number
			l.meanings = append(l.meanings, nil)
		}
		same := func(m meaning) bool { return m.set == set && m.open == open && slices.Equal(m.gaps, gaps) }
		if !slices.ContainsFunc(l.meanings[number], same) {
			l.meanings[number] = append(l.meanings[number], meaning{set, ast.StringTerm(term), gaps, open})
		}
	}
	return nil
}

func (l *lexicon) build(patterns map[string]int) error {
	ordered := make([]string, len(patterns))
	total := 0
	for pattern, number := range patterns {
		ordered[number] = pattern
		total += len(pattern)
	}
	if total > maxTermBytes {
		return fmt.Errorf("data.%s: more than %d KiB of terms", termsRoot, maxTermBytes>>10)
	}
	l.trie = ahocorasick.NewTrieBuilder().AddStrings(ordered).Build()
	return nil
}

// maxSpelled is how many times longer a text may be in the form that is
// searched. Hangul takes three times as many bytes when it is decomposed.
const maxSpelled = 4

// scan returns the terms in text, each once, in the order of their first end;
// nil where there are none. It stops when expired returns true. The error is
// one of textnorm's.
func (l *lexicon) scan(text string, expired func() bool) (findings, error) {
	var found findings
	text, err := textnorm.SeamedWithin(text, &textnorm.Budget{Room: leastRoom + maxSpelled*len(text), Expired: expired})
	if err != nil {
		return nil, err
	}
	letters, gaps := spell(text)
	l.trie.Walk(letters, func(end, n, pattern int64) bool {
		around := gaps[end-n+1 : end+2]
		for _, m := range l.meanings[pattern] {
			if !m.fits(around) {
				continue
			}
			if found == nil {
				found = findings{}
			}
			if !slices.Contains(found[m.set], m.term) {
				found[m.set] = append(found[m.set], m.term)
			}
		}
		return true
	})
	return found, nil
}

// fits reports whether what stands before, between and after the letters of an
// occurrence agrees with the term.
func (m meaning) fits(around []gap) bool {
	last := len(around) - 1
	if around[0] == joined || !m.open && around[last] == joined {
		return false
	}
	for i := 1; i < last; i++ {
		if around[i] != m.gaps[i] && around[i] != seam {
			return false
		}
	}
	return true
}

func termList(list any) ([]string, error) {
	items, ok := list.([]any)
	if !ok {
		return nil, errors.New("must be a list of strings")
	}
	terms := make([]string, len(items))
	for i, item := range items {
		if terms[i], ok = item.(string); !ok {
			return nil, fmt.Errorf("must be a list of strings, but item %d is not one (quote it)", i)
		}
	}
	return terms, nil
}

// spell splits a text in its seamed form into its letters and what stands
// before each of their bytes, and after the last.
func spell(text string) (letters []byte, gaps []gap) {
	letters, gaps = make([]byte, 0, len(text)), make([]gap, 0, len(text)+1)
	before := apart
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case isWord(r):
			letters = append(letters, text[i:i+size]...)
			gaps = append(append(gaps, before), make([]gap, size-1)...)
			before = joined
		case r == textnorm.Seam:
			before = max(before, seam)
		default:
			before = apart
		}
		i += size
	}
	return letters, append(gaps, apart)
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}
