package odor

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/odordiff/odordiff/inference/tsv"
)

//go:embed vocabulary.tsv
var vocabularyTable string

//go:embed phrases.tsv
var phraseTable string

// Vocabulary is the controlled vocabulary of odor descriptors. It is immutable
// and safe for concurrent use.
type Vocabulary struct {
	terms map[string]term
	// the descriptor that a word or phrase is another name of
	byWord map[string]string
	// accords are what phrases evoke that name no single descriptor.
	accords map[string][]Weighted
	fuzzy   speller
}

type term struct {
	broader []string
	words   []string
}

// loadVocabulary reads a table of descriptor, broader descriptors, other words.
func loadVocabulary(table string) (*Vocabulary, error) {
	v := &Vocabulary{terms: map[string]term{}, byWord: map[string]string{}, accords: map[string][]Weighted{}}
	err := tsv.Rows("vocabulary.tsv", table, 3, func(cells []string) error {
		name := cells[0]
		if _, twice := v.terms[name]; twice {
			return fmt.Errorf("%q is defined twice", name)
		}
		v.terms[name] = term{broader: list(cells[1]), words: list(cells[2])}
		return v.index(name)
	})
	if err != nil {
		return nil, err
	}
	v.fuzzy = newSpeller(v.byWord)
	return v, v.check()
}

// index makes a descriptor known under its name and its other words.
func (v *Vocabulary) index(descriptor string) error {
	for _, text := range append([]string{descriptor}, v.terms[descriptor].words...) {
		key := words(text)
		if _, taken := v.byWord[key]; taken || key == "" {
			return fmt.Errorf("%q has two meanings", text)
		}
		v.byWord[key] = descriptor
	}
	return nil
}

// loadAccords reads a table of phrase and accord.
func (v *Vocabulary) loadAccords(table string) error {
	return tsv.Rows("phrases.tsv", table, 2, func(cells []string) error {
		accord, err := v.parseAccord(cells[1])
		if err != nil {
			return fmt.Errorf("%s: %w", cells[0], err)
		}
		key := words(cells[0])
		_, named := v.byWord[key]
		if _, taken := v.accords[key]; taken || named || key == "" {
			return fmt.Errorf("%q has two meanings", cells[0])
		}
		v.accords[key] = accord
		return nil
	})
}

// parseAccord reads descriptors with their weights: "marine:1,ozonic:0.9".
func (v *Vocabulary) parseAccord(cell string) ([]Weighted, error) {
	var accord []Weighted
	for _, part := range list(cell) {
		descriptor, number, _ := strings.Cut(part, ":")
		if !v.Has(descriptor) {
			return nil, fmt.Errorf("descriptor %q is not in the vocabulary", descriptor)
		}
		weight, err := strconv.ParseFloat(number, 64)
		if err != nil || !(weight > 0 && weight <= 1) {
			return nil, fmt.Errorf("weight %q of %s is not a number over 0 and up to 1", number, descriptor)
		}
		accord = append(accord, Weighted{descriptor, weight})
	}
	return accord, nil
}

// check makes sure that broader descriptors exist and form no cycle.
func (v *Vocabulary) check() error {
	for name := range v.terms {
		if err := v.climb(name, nil); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vocabulary) climb(name string, path []string) error {
	t, known := v.terms[name]
	if !known {
		return fmt.Errorf("vocabulary.tsv: unknown broader descriptor %q of %v", name, path)
	}
	if slices.Contains(path, name) {
		return fmt.Errorf("vocabulary.tsv: %q is broader than itself", name)
	}
	for _, broader := range t.broader {
		if err := v.climb(broader, append(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// Has reports whether a descriptor is in the vocabulary.
func (v *Vocabulary) Has(descriptor string) bool {
	_, ok := v.terms[descriptor]
	return ok
}

// Descriptors returns the whole vocabulary in alphabetical order.
func (v *Vocabulary) Descriptors() []string {
	names := make([]string, 0, len(v.terms))
	for name := range v.terms {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Broader returns the descriptors that a descriptor directly implies: citrus
// for lemon. It is nil for an unknown descriptor.
func (v *Vocabulary) Broader(descriptor string) []string {
	return slices.Clone(v.terms[descriptor].broader)
}

// imply adds to strengths what its descriptors imply: each broader descriptor
// at share times the strength of the narrower, unless it is stronger already.
func (v *Vocabulary) imply(strengths map[string]float64, share float64) {
	for descriptor, strength := range maps.Clone(strengths) {
		v.raise(strengths, descriptor, strength, share)
	}
}

func (v *Vocabulary) raise(strengths map[string]float64, descriptor string, strength, share float64) {
	for _, broader := range v.terms[descriptor].broader {
		strengths[broader] = max(strengths[broader], strength*share)
		v.raise(strengths, broader, strength*share, share)
	}
}

// Implies reports whether a descriptor is another or, at any remove, a narrower
// one: lemon implies citrus.
func (v *Vocabulary) Implies(narrow, broad string) bool {
	if narrow == broad {
		return true
	}
	return slices.ContainsFunc(v.terms[narrow].broader, func(b string) bool { return v.Implies(b, broad) })
}
