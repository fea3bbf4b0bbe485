package promptpolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

const (
	// termsRoot is the data document whose members are the term sets.
	termsRoot = "terms"
	// hazardsRoot is the table of dangerous substances. The names of each class
	// are a set too.
	hazardsRoot = "hazards"
	// harmlessSet is the set of phrases in which the name of a substance does not
	// count.
	harmlessSet = "harmless"
)

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
	hazards    int // how many of the first sets are from the table of hazards
	harmless   int // which set harmlessSet is; -1 for none
}

// findings are the terms of each set that occur in a text.
type findings map[string][]*ast.Term

// loadTerms builds the lexicon of every list in data.terms, and of the names in
// data.hazards.
func loadTerms(data map[string]any) (*lexicon, error) {
	lists := map[string]any{}
	if root, ok := data[termsRoot]; ok {
		if lists, ok = root.(map[string]any); !ok {
			return nil, fmt.Errorf("data.%s must be an object of lists", termsRoot)
		}
	}
	sets, err := hazardSets(data)
	if err != nil {
		return nil, err
	}
	lex := &lexicon{sets: map[string]bool{}, hazards: len(sets), harmless: -1}
	total := 0
	for _, set := range sets {
		total += lex.add(set.Name, set.Terms)
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		terms, err := termList(lists[name])
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
		if name == harmlessSet {
			lex.harmless = len(sets)
		}
		sets = append(sets, term.Set{Name: name, Terms: terms})
		total += lex.add(name, terms)
	}
	if total > maxTermBytes {
		return nil, fmt.Errorf("data.%s: %d KiB of terms, more than %d", termsRoot, total>>10, maxTermBytes>>10)
	}
	if lex.dictionary, err = term.New(sets); err != nil {
		return nil, fmt.Errorf("data.%s.%w", termsRoot, err)
	}
	return lex, nil
}

// hazardSets returns two sets of each class of substances: "hazards.toxin", the
// names that speak of one whatever they stand beside, and
// "hazards.toxin.innocent", those that are harmless by themselves.
func hazardSets(data map[string]any) ([]term.Set, error) {
	content, ok := data[hazardsRoot]
	if !ok {
		return nil, nil
	}
	table, err := hazard.Load(content)
	if err != nil {
		return nil, fmt.Errorf("data.%s %w", hazardsRoot, err)
	}
	var sets []term.Set
	for _, class := range hazard.Classes {
		name := hazardsRoot + "." + string(class)
		named, innocent := term.Set{Name: name}, term.Set{Name: name + ".innocent"}
		for _, s := range table.Substances() {
			if s.Class != class {
				continue
			}
			if innocent.Terms = append(innocent.Terms, s.Ambiguous()...); s.Innocent {
				innocent.Terms = append(innocent.Terms, s.Names()...)
				continue
			}
			named.Terms = append(named.Terms, s.Names()...)
		}
		sets = append(sets, named, innocent)
	}
	return sets, nil
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
	var hits []term.Hit
	var harmless []term.Span
	l.dictionary.Scan(text, func(hit term.Hit) bool {
		hits = append(hits, hit)
		if hit.Set == l.harmless {
			harmless = append(harmless, hit.Span())
		}
		return true
	})
	if hits == nil {
		return nil, nil
	}
	return l.collect(hits, term.NewCover(harmless)), nil
}

// collect returns the terms of hits, each once, but for the names of substances
// that are part of a harmless phrase.
func (l *lexicon) collect(hits []term.Hit, harmless term.Cover) findings {
	found, seen := findings{}, map[*ast.Term]bool{}
	for _, hit := range hits {
		is := l.terms[hit.Set][hit.Term]
		if seen[is] || hit.Set < l.hazards && harmless.Contains(hit.Span()) {
			continue
		}
		seen[is] = true
		found[l.names[hit.Set]] = append(found[l.names[hit.Set]], is)
	}
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
