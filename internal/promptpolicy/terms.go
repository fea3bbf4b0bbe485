package promptpolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/signal"
	"github.com/odordiff/odordiff/internal/signal/decode"
	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

const (
	// termsRoot is the data document whose members are the term sets.
	termsRoot = "terms"
	// hazardsRoot is the table of dangerous substances.
	hazardsRoot = "hazards"
	// harmlessSet is the set of phrases in which the name of a substance does not
	// count.
	harmlessSet = "harmless"
	// titleSet is the set of names of scents. One is listed only where a request
	// is that name and nothing else.
	titleSet = "names"
)

// maxTermBytes bounds all terms of a directory together. Searching for them
// takes about 40 bytes of memory a byte.
const maxTermBytes = 1 << 20

// lexicon is what a policy's texts are read with: the terms of its sets, the
// substances of its table, and the model in the program.
type lexicon struct {
	signal.Knowledge
	names []string      // of the sets; that of the substances has none
	terms [][]*ast.Term // of each set, as written in the data
	sets  map[string]int
}

// findings are the terms of each set that occur in a text.
type findings map[string][]*ast.Term

// loadLexicon reads every list in data.terms, and the table data.hazards.
func loadLexicon(data map[string]any) (*lexicon, error) {
	lex := &lexicon{sets: map[string]int{}}
	lex.Harmless, lex.Titles, lex.Guard = -1, -1, guard.Default()
	var sets []term.Set
	if table, ok := data[hazardsRoot]; ok {
		var err error
		if lex.Hazards, err = hazard.Load(table); err != nil {
			return nil, fmt.Errorf("data.%s %w", hazardsRoot, err)
		}
		sets = append(sets, term.Set{Terms: lex.Hazards.Terms()})
		lex.Names = decode.NewNames(lex.Hazards.Unmistakable())
	}
	lists := map[string]any{}
	if root, ok := data[termsRoot]; ok {
		if lists, ok = root.(map[string]any); !ok {
			return nil, fmt.Errorf("data.%s must be an object of lists", termsRoot)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		terms, err := termList(lists[name])
		if err != nil {
			return nil, fmt.Errorf("data.%s.%s %w", termsRoot, name, err)
		}
		sets = append(sets, term.Set{Name: name, Terms: terms})
	}
	return lex, lex.build(sets)
}

func (l *lexicon) build(sets []term.Set) (err error) {
	if len(sets) > signal.MaxSets {
		return fmt.Errorf("data.%s has more than %d lists", termsRoot, signal.MaxSets-1)
	}
	total := 0
	for i, set := range sets {
		terms := make([]*ast.Term, len(set.Terms))
		for at, text := range set.Terms {
			terms[at] = ast.StringTerm(text)
			total += len(text)
		}
		l.names, l.terms = append(l.names, set.Name), append(l.terms, terms)
		switch set.Name {
		case harmlessSet:
			l.Harmless = i
		case titleSet:
			l.Titles = i
		}
		if set.Name != "" {
			l.sets[set.Name] = i
		}
	}
	if total > maxTermBytes {
		return fmt.Errorf("data.%s: %d KiB of terms, more than %d", termsRoot, total>>10, maxTermBytes>>10)
	}
	if l.Dictionary, err = term.New(sets); err != nil {
		return fmt.Errorf("data.%s.%w", termsRoot, err)
	}
	return nil
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
	l.Dictionary.Scan(text, func(hit term.Hit) bool {
		if found == nil {
			found = findings{}
		}
		set, is := l.names[hit.Set], l.terms[hit.Set][hit.Term]
		if !slices.Contains(found[set], is) {
			found[set] = append(found[set], is)
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
