package promptpolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// termsRoot is the data document whose members are the term sets.
const termsRoot = "terms"

// maxTermBytes bounds all terms of a directory together. Searching for them
// takes about 20 bytes of memory a byte.
const maxTermBytes = 1 << 20

// lexicon finds any of the terms of all sets in a text in one pass: see package
// [term].
type lexicon struct {
	dictionary *term.Dictionary
	names      []string      // of the sets
	terms      [][]*ast.Term // of each set, as written in the data
	sets       map[string]bool
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
	var sets []term.Set
	total := 0
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		terms, err := termList(lists[name])
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
		sets = append(sets, term.Set{Name: name, Terms: terms})
		total += lex.add(name, terms)
	}
	if total > maxTermBytes {
		return nil, fmt.Errorf("data.%s: %d KiB of terms, more than %d", termsRoot, total>>10, maxTermBytes>>10)
	}
	var err error
	if lex.dictionary, err = term.New(sets); err != nil {
		return nil, fmt.Errorf("data.%s.%w", termsRoot, err)
	}
	return lex, nil
}

// add adds a set, and returns how many bytes its terms have.
func (l *lexicon) add(set string, terms []string) (bytes int) {
	converted := make([]*ast.Term, len(terms))
	for i, text := range terms {
		converted[i] = ast.StringTerm(text)
		bytes += len(text)
	}
	l.names = append(l.names, set)
	l.terms = append(l.terms, converted)
	l.sets[set] = true
	return bytes
}

// maxSpelled is how many times longer a text may be in the form that is
// searched. Hangul takes three times as many bytes when it is decomposed.
const maxSpelled = 4

// scan returns the terms in text, each once, in the order of their first end;
// nil where there are none. It stops when expired returns true. The error is
// one of textnorm's.
func (l *lexicon) scan(text string, expired func() bool) (findings, error) {
	text, err := textnorm.SeamedWithin(text, &textnorm.Budget{Room: leastRoom + maxSpelled*len(text), Expired: expired})
	if err != nil {
		return nil, err
	}
	var found findings
	var seen map[*ast.Term]bool
	l.dictionary.Scan(text, func(hit term.Hit) bool {
		if found == nil {
			found, seen = findings{}, map[*ast.Term]bool{}
		}
		if name, is := l.names[hit.Set], l.terms[hit.Set][hit.Term]; !seen[is] {
			seen[is] = true
			found[name] = append(found[name], is)
		}
		return true
	})
	return found, nil
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
