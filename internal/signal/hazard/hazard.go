// Package hazard recognises dangerous substances in what others found in a
// text: their names, CAS numbers, formulas and molecules. What it knows is a
// table of data, which is not special to any engine.
package hazard

import (
	"strings"

	"github.com/odordiff/odordiff/internal/signal/structure"
	"github.com/odordiff/odordiff/internal/signal/term"
)

// Class is why a substance is in the table.
type Class string

// The classes.
const (
	ChemicalWeapon     Class = "chemical-weapon"
	Toxin              Class = "toxin"
	ToxicGas           Class = "toxic-gas"
	Poison             Class = "poison"
	Explosive          Class = "explosive"
	ExplosivePrecursor Class = "explosive-precursor"
	ControlledDrug     Class = "controlled-drug"
	DrugPrecursor      Class = "drug-precursor"
)

// Classes are all of them.
var Classes = []Class{ChemicalWeapon, Toxin, ToxicGas, Poison, Explosive, ExplosivePrecursor, ControlledDrug, DrugPrecursor}

// By is what a substance was recognised by.
type By string

// The ways to recognise a substance.
const (
	Name      By = "name"
	CAS       By = "cas"
	Formula   By = "formula"
	Structure By = "structure" // a SMILES or an InChI
)

// Substance is an entry of the table.
type Substance struct {
	Name   string
	Class  Class
	Source string
	// Innocent says that perfumery, kitchens or other trades use the substance: it
	// matters only beside words that say what for.
	Innocent bool

	names, ambiguous, cas []string
	formula, smiles       string
}

// Names returns the terms that name the substance, whatever they stand beside.
func (s *Substance) Names() []string { return s.names }

// Ambiguous returns the terms that name the substance, but something harmless
// too.
func (s *Substance) Ambiguous() []string { return s.ambiguous }

// Formula returns the substance's formula in Hill order; empty where harmless
// molecules share it, or there is none.
func (s *Substance) Formula() string { return s.formula }

// SMILES returns the substance's canonical SMILES; empty where there is none.
func (s *Substance) SMILES() string { return s.smiles }

// Token is a part of a text that looks like an identifier.
type Token struct {
	By   By
	Text string
	// Span is where it was found; Match passes it on.
	term.Span
}

// Match is a substance that a text speaks of.
type Match struct {
	Name  string
	Class Class
	By    By
	// Innocent says that the name or the substance is harmless by itself: see
	// [Substance].
	Innocent bool
	term.Span
}

// Table recognises substances. It is safe for concurrent use.
type Table struct {
	substances []Substance
	terms      []string
	owners     []owner // of the terms
	// byCAS, byFormula and the rest are places in substances.
	byCAS, byFormula    map[string]int
	byWhole, byMolecule map[uint64]int
}

// owner is whose name a term is.
type owner struct {
	substance int
	ambiguous bool
}

// Substances returns the entries in the order of the table.
func (t *Table) Substances() []Substance { return t.substances }

// Terms returns all names, as a set for package term: see [Table.Match].
func (t *Table) Terms() []string { return t.terms }

// Unmistakable returns the names that name nothing harmless.
func (t *Table) Unmistakable() (names []string) {
	for _, s := range t.substances {
		if !s.Innocent {
			names = append(names, s.names...)
		}
	}
	return names
}

// leastAtoms is how many atoms a part of a mixture has at least to be looked
// for by itself.
const leastAtoms = 4

// Match returns what substances are named by hits, which are those of the set
// [Table.Terms], and identified by tokens. What lies inside a harmless phrase
// does not count, nor a name inside a longer one: benzyl cyanide is no cyanide.
// The result is nil if there is nothing.
func (t *Table) Match(hits []term.Hit, tokens []Token, harmless term.Cover) []Match {
	var found []Match
	longer := cover(hits)
	for _, hit := range hits {
		span := hit.Span()
		if !harmless.Contains(span) && !longer.ContainsInLonger(span) {
			found = append(found, t.Named(hit))
		}
	}
	for _, token := range tokens {
		if harmless.Contains(token.Span) {
			continue
		}
		if match, ok := t.Identified(token); ok {
			found = append(found, match)
		}
	}
	return found
}

func cover(hits []term.Hit) term.Cover {
	spans := make([]term.Span, len(hits))
	for i, hit := range hits {
		spans[i] = hit.Span()
	}
	return term.NewCover(spans)
}

// Named returns whose name a hit in the set [Table.Terms] is.
func (t *Table) Named(hit term.Hit) Match {
	whose := t.owners[hit.Term]
	match := t.match(whose.substance, Name, hit.Span())
	match.Innocent = match.Innocent || whose.ambiguous
	return match
}

// Identified returns the substance that a token identifies, if it is in the
// table.
func (t *Table) Identified(token Token) (Match, bool) {
	place, ok := t.place(token)
	if !ok {
		return Match{}, false
	}
	return t.match(place, token.By, token.Span), true
}

func (t *Table) place(token Token) (place int, ok bool) {
	switch token.By {
	case CAS:
		place, ok = t.byCAS[trimCAS(token.Text)]
	case Formula:
		if hill, valid := structure.Formula(token.Text); valid {
			place, ok = t.byFormula[hill]
		}
	case Structure:
		return t.molecule(token.Text)
	}
	return place, ok
}

// molecule looks a SMILES or InChI up as a whole, then each of its parts, and
// then the formula that an InChI has.
func (t *Table) molecule(text string) (place int, ok bool) {
	keys, valid := structure.Read(text)
	if !valid {
		return 0, false
	}
	if place, ok = t.byWhole[keys.Whole]; ok {
		return place, true
	}
	for _, part := range keys.Fragments {
		if place, ok = t.byMolecule[part.Key]; ok && part.Atoms >= leastAtoms {
			return place, true
		}
	}
	if layers := strings.SplitN(text, "/", 3); strings.HasPrefix(text, "InChI=") && len(layers) > 1 {
		if hill, valid := structure.Formula(layers[1]); valid {
			place, ok = t.byFormula[hill]
		}
	}
	return place, ok
}

func (t *Table) match(place int, by By, span term.Span) Match {
	s := &t.substances[place]
	return Match{Name: s.Name, Class: s.Class, By: by, Innocent: s.Innocent, Span: span}
}
