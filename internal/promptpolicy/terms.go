package promptpolicy

import (
	"fmt"
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

// termSet finds any of many phrases in a text in one pass (Aho and Corasick,
// Efficient String Matching, CACM 18(6), 1975).
//
// Words are runs of letters, digits and marks; what separates them does not
// matter, so that "nerve agent" is found in "Nerve-Agent,". A term
// is found as whole words only, unless it ends in an asterisk: "synthes*" is
// also found in "synthesise".
type termSet struct {
	trie  *ahocorasick.Trie
	terms []*ast.Term // by pattern number, as written in the data
}

// loadTerms builds the set of every member of data.terms.
func loadTerms(data map[string]any) (map[string]*termSet, error) {
	root, ok := data[termsRoot]
	if !ok {
		return nil, nil
	}
	lists, ok := root.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("data.%s must be an object of lists", termsRoot)
	}
	sets := make(map[string]*termSet, len(lists))
	total := 0
	for name, list := range lists {
		terms, err := termList(list)
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
		patterns, originals, err := termPatterns(terms)
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
		for _, pattern := range patterns {
			total += len(pattern)
		}
		if total > maxTermBytes {
			return nil, fmt.Errorf("data.%s: more than %d KiB of terms", termsRoot, maxTermBytes>>10)
		}
		sets[name] = &termSet{trie: ahocorasick.NewTrieBuilder().AddStrings(patterns).Build(), terms: originals}
	}
	return sets, nil
}

func termList(list any) ([]string, error) {
	items, ok := list.([]any)
	if !ok {
		return nil, fmt.Errorf("must be a list of strings")
	}
	terms := make([]string, len(items))
	for i, item := range items {
		if terms[i], ok = item.(string); !ok {
			return nil, fmt.Errorf("must be a list of strings, but item %d is not one (quote it)", i)
		}
	}
	return terms, nil
}

func termPatterns(terms []string) (patterns []string, originals []*ast.Term, err error) {
	for i, term := range terms {
		stem, open := strings.CutSuffix(term, "*")
		pattern := string(words(textnorm.Normalise(stem)))
		if pattern == " " {
			return nil, nil, fmt.Errorf("has item %d, %q, without a letter or digit", i, term)
		}
		if open {
			pattern = strings.TrimSuffix(pattern, " ")
		}
		if slices.Contains(patterns, pattern) {
			continue
		}
		patterns = append(patterns, pattern)
		originals = append(originals, ast.InternedTerm(term))
	}
	return patterns, originals, nil
}

// find returns the terms in text, each once, in the order of their first end.
func (s *termSet) find(text string) []*ast.Term {
	var found []*ast.Term
	s.trie.Walk(words(textnorm.Normalise(text)), func(_, _, pattern int64) bool {
		if term := s.terms[pattern]; !slices.Contains(found, term) {
			found = append(found, term)
		}
		return true
	})
	return found
}

// words writes each word of a normalised text between single spaces, the first
// and the last included: a word boundary is then a space, and the automaton
// needs no other notion of it.
func words(text string) []byte {
	out := make([]byte, 1, len(text)+2)
	out[0] = ' '
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
