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

// maxTermBytes bounds all terms of a directory together. The automaton takes up to
// 2 KiB a byte, so this is 64 MiB at most, and about 2,500 phrases.
const maxTermBytes = 32 << 10

// lexicon finds any of the terms of all sets in a text in one pass (Aho and
// Corasick, Efficient String Matching, CACM 18(6), 1975).
//
// Words are runs of letters, digits and marks; what separates them does not
// matter, so that "nerve agent" is found in "Nerve-Agent,". A term
// is found as whole words only, unless it ends in an asterisk: "synthes*" is
// also found in "synthesise".
type lexicon struct {
	trie     *ahocorasick.Trie
	meanings [][]meaning // by pattern number
	sets     map[string]bool
}

// meaning is what finding a pattern says: several sets may have the same one.
type meaning struct {
	set  string
	term *ast.Term // as written in the data
}

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
		pattern := patternOf(term)
		if strings.TrimSpace(pattern) == "" {
			return fmt.Errorf("has item %d, %q, without a letter or digit", i, term)
		}
		number, known := patterns[pattern]
		if !known {
			number = len(l.meanings)
			patterns[pattern] = number
			l.meanings = append(l.meanings, nil)
		}
		if !slices.ContainsFunc(l.meanings[number], func(m meaning) bool { return m.set == set }) {
			l.meanings[number] = append(l.meanings[number], meaning{set, ast.StringTerm(term)})
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

// patternOf returns what is searched for in [words].
func patternOf(term string) string {
	stem, open := strings.CutSuffix(term, "*")
	pattern := string(words(textnorm.Normalise(stem)))
	if open {
		return strings.TrimSuffix(pattern, " ")
	}
	return pattern
}

// scan returns the terms in text, each once, in the order of their first end;
// nil where there are none.
func (l *lexicon) scan(text string) findings {
	var found findings
	l.trie.Walk(words(textnorm.Normalise(text)), func(_, _, pattern int64) bool {
		for _, m := range l.meanings[pattern] {
			if found == nil {
				found = findings{}
			}
			if !slices.Contains(found[m.set], m.term) {
				found[m.set] = append(found[m.set], m.term)
			}
		}
		return true
	})
	return found
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

// words writes each word of a normalised text between single spaces, the first
// and the last included: a word boundary is then a space, and the automaton
// needs no other notion of it.
func words(text string) []byte {
	out := append(make([]byte, 0, len(text)+2), ' ')
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if isWord(r) {
			out = append(out, text[i:i+size]...)
		} else if out[len(out)-1] != ' ' {
			out = append(out, ' ')
		}
		i += size
	}
	if out[len(out)-1] != ' ' {
		out = append(out, ' ')
	}
	return out
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}
