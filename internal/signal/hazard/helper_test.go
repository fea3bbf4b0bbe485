package hazard_test

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/odordiff/odordiff/internal/signal/decode"
	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/pattern"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

const policies = "../../../policies/"

// parsed returns the content of a data file.
func parsed(t testing.TB, text string) any {
	t.Helper()
	var content any
	if err := yaml.Unmarshal([]byte(text), &content); err != nil {
		t.Fatal(err)
	}
	return content
}

func read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func shipped(t testing.TB) *hazard.Table {
	t.Helper()
	table, err := hazard.Load(parsed(t, read(t, policies+"hazards/data.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// gate is how a gateway may use a table: beside the shipped sets of phrases, in
// one search.
type gate struct {
	table      *hazard.Table
	dictionary *term.Dictionary
	sets       []term.Set
}

const (
	names = iota
	making
	harm
	harmless
)

func newGate(t testing.TB, table *hazard.Table) gate {
	t.Helper()
	phrases, ok := parsed(t, read(t, policies+"terms/data.yaml")).(map[string]any)
	if !ok {
		t.Fatal("the terms are no object")
	}
	sets := []term.Set{{Name: "names", Terms: table.Terms()}}
	for _, name := range []string{"making", "harm", "harmless"} {
		set := term.Set{Name: name}
		for _, phrase := range phrases[name].([]any) {
			set.Terms = append(set.Terms, phrase.(string))
		}
		sets = append(sets, set)
	}
	dictionary, err := term.New(sets)
	if err != nil {
		t.Fatal(err)
	}
	return gate{table, dictionary, sets}
}

// why returns what makes a text dangerous; nothing if it is not.
func (g gate) why(text string) []string {
	seamed := textnorm.Seamed(text)
	hits := make([][]term.Hit, len(g.sets))
	g.dictionary.Scan(seamed, func(hit term.Hit) bool {
		hits[hit.Set] = append(hits[hit.Set], hit)
		return true
	})
	var spans []term.Span
	for _, hit := range hits[harmless] {
		spans = append(spans, hit.Span())
	}
	cover := term.NewCover(spans)
	outside := func(set int) (found []string) {
		for _, hit := range hits[set] {
			if !cover.Contains(hit.Span()) {
				found = append(found, g.sets[set].Terms[hit.Term])
			}
		}
		return found
	}
	why, made := outside(harm), outside(making)
	for _, match := range append(g.table.Match(hits[names], nil, cover), g.table.Match(nil, tokens(text), term.Cover{})...) {
		if !match.Innocent || made != nil {
			why = append(why, string(match.By)+": "+match.Name)
		}
	}
	return why
}

// identifiers are how the kinds of package pattern are looked up.
var identifiers = map[pattern.Kind]hazard.By{
	pattern.CAS:     hazard.CAS,
	pattern.Formula: hazard.Formula,
	pattern.SMILES:  hazard.Structure,
	pattern.InChI:   hazard.Structure,
}

// tokens finds what looks like an identifier.
func tokens(text string) (found []hazard.Token) {
	text, _, _ = decode.Plain(text)
	for _, match := range pattern.Find(text) {
		if by, ok := identifiers[match.Kind]; ok {
			found = append(found, hazard.Token{By: by, Text: text[match.Start:match.End]})
		}
	}
	return found
}
