package promptpolicy

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/signal"
	"github.com/odordiff/odordiff/internal/signal/pattern"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// The kinds of texts.
const (
	prose     = "prose"
	formula   = "structure" // a structural formula
	fieldName = "name"      // the name of a member
)

// reader finds signals in the way that one policy's data says.
type reader struct {
	lexicon *lexicon
	view    *view
}

func newReader(data map[string]any) (r *reader, err error) {
	r = &reader{}
	if r.lexicon, err = loadLexicon(data); err != nil {
		return nil, err
	}
	r.view, err = loadView(data)
	return r, err
}

// seen is what a policy sees of a text.
type seen struct {
	path, kind string
	signals    *signal.Signals
}

// sight is what a policy sees of all texts of a request: of each, and of all
// together as one.
type sight struct {
	texts []seen
	whole seen
	room  [1]seen // where texts begins
}

// look reads the signals of prompts, of which the first are known. The error is
// one of package textnorm.
func (r *reader) look(ctx context.Context, deadline time.Time, prompts []exchange.Prompt, known []seen) (*sight, error) {
	expired := func() bool { return ctx.Err() != nil || time.Now().After(deadline) }
	all := &sight{}
	all.texts = append(all.room[:0], known...)
	var together []exchange.Prompt
	for i, prompt := range prompts {
		if i == len(all.texts) {
			text, err := r.read(prompt, expired)
			if err != nil {
				return nil, err
			}
			all.texts = append(all.texts, text)
		}
		if len(prompts) > 1 && all.texts[i].kind == prose && !prompt.Joined {
			together = append(together, prompt)
		}
	}
	var err error
	all.whole, err = r.whole(all.texts, together, expired)
	return all, err
}

func (r *reader) read(prompt exchange.Prompt, expired func() bool) (text seen, err error) {
	text = seen{path: prompt.Path, kind: r.kindOf(prompt)}
	if prompt.Joined {
		text.signals, err = r.readJoined(prompt.Text, prompt.Normalised, text.kind == prose, expired)
	} else {
		text.signals, err = r.lexicon.Read(prompt.Text, prompt.Normalised, text.kind == prose, expired)
	}
	return text, err
}

// readJoined reads several texts as one. Each is also read by itself and says
// whether that was too much, so that many short ones are no long one.
func (r *reader) readJoined(text, normalised string, isProse bool, expired func() bool) (*signal.Signals, error) {
	s, err := r.lexicon.Read(text, normalised, isProse, expired)
	if err != nil {
		return nil, err
	}
	s.Truncated = false
	return s, nil
}

// whole joins what was found, and reads the prose again as one text: what is
// split over fields shows only there.
func (r *reader) whole(texts []seen, together []exchange.Prompt, expired func() bool) (seen, error) {
	if len(texts) == 1 {
		return texts[0], nil
	}
	whole := seen{kind: prose, signals: signal.Nothing()}
	switch len(together) {
	case 0:
	case 1: // Its figures are those of all.
		only := slices.IndexFunc(texts, func(text seen) bool { return text.kind == prose && text.path == together[0].Path })
		whole.signals.Text = texts[only].signals.Text
	default:
		original, normalised := make([]string, len(together)), make([]string, len(together))
		for i, prompt := range together {
			original[i], normalised[i] = prompt.Text, prompt.Normalised
		}
		var err error
		whole.signals, err = r.readJoined(strings.Join(original, string(textnorm.Seam)), strings.Join(normalised, " "), true, expired)
		if err != nil {
			return seen{}, err
		}
	}
	for _, text := range texts {
		whole.signals.Add(text.signals)
	}
	// The name of a scent that is all of one text is not all of several.
	whole.signals.Terms = slices.DeleteFunc(whole.signals.Terms, func(t signal.Term) bool { return t.Set == r.lexicon.Titles })
	return whole, nil
}

func (r *reader) kindOf(prompt exchange.Prompt) string {
	switch {
	case prompt.IsName:
		return fieldName
	case r.view.isStructure(prompt.Path):
		return formula
	}
	return prose
}

// sorted returns the items that occur, each once and in order.
func sorted[T any](items []T, compare func(a, b T) int) []T {
	if len(items) < 2 {
		return items
	}
	items = slices.Clone(items)
	slices.SortFunc(items, compare)
	return slices.CompactFunc(items, func(a, b T) bool { return compare(a, b) == 0 })
}

func compareTerms(a, b signal.Term) int { return cmp.Or(a.Set-b.Set, a.Term-b.Term) }

func compareHazards(a, b signal.Hazard) int {
	innocent := 0
	switch {
	case a.Innocent && !b.Innocent:
		innocent = 1
	case b.Innocent && !a.Innocent:
		innocent = -1
	}
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.By), string(b.By)), innocent, cmp.Compare(a.Near, b.Near))
}

func patternsOf(s *signal.Signals) (set uint32) {
	for _, p := range s.Patterns {
		set |= 1 << p.Kind
	}
	return set
}

// part writes what is seen of texts, so that equal bytes mean equal sights.
func (r *reader) part(k *key, all *sight, p part) {
	if len(p) > 0 && p[0] == "whole" {
		if len(p) > 1 {
			r.member(k, all.whole, p[1:])
			return
		}
		r.seen(k, all.whole)
		return
	}
	k.kind(isArray, len(all.texts))
	for i := range all.texts {
		if r.seen(k, all.texts[i]); k.full() {
			return
		}
	}
	if len(p) == 0 {
		r.seen(k, all.whole)
	}
}

// seen writes all members of what is seen of a text.
func (r *reader) seen(k *key, text seen) {
	for _, name := range [...]string{
		"path", "kind", "terms", "hazards", "patterns", "layers", "scripts", "invisible", "mixed_scripts", "truncated",
	} {
		r.member(k, text, part{name})
	}
	for i := range r.view.bands {
		k.band(&r.view.bands[i], text)
	}
}

// member writes a part of what is seen of a text. What is not divided further
// stands for all that is inside.
func (r *reader) member(k *key, text seen, p part) {
	s := text.signals
	switch p[0] {
	case "path":
		k.text(text.path)
	case "kind":
		k.text(text.kind)
	case "terms":
		r.terms(k, s, p[1:])
	case "hazards":
		k.hazards(s)
	case "patterns":
		k.bytes = binary.BigEndian.AppendUint32(k.bytes, patternsOf(s))
	case "layers":
		k.texts(sorted(s.Layers, strings.Compare))
	case "scripts":
		k.bytes = binary.BigEndian.AppendUint16(k.bytes, uint16(s.Text.Scripts))
	case "invisible":
		k.flag(s.Text.Invisible > 0)
	case "mixed_scripts":
		k.flag(s.Text.MixedWords > 0)
	case "truncated":
		k.flag(s.Truncated)
	default:
		if b := r.view.bandsOf(p[0]); b != nil {
			k.band(b, text)
			return
		}
		k.bytes = append(k.bytes, isUndefined)
	}
}

// terms writes the terms of a set, or of all.
func (r *reader) terms(k *key, s *signal.Signals, p part) {
	terms := sorted(s.Terms, compareTerms)
	if len(p) > 0 {
		terms = slices.DeleteFunc(slices.Clone(terms), func(t signal.Term) bool { return r.lexicon.names[t.Set] != p[0] })
	}
	k.kind(isArray, len(terms))
	for _, t := range terms {
		k.bytes = binary.AppendUvarint(binary.AppendUvarint(k.bytes, uint64(t.Set)), uint64(t.Term))
	}
}

func (k *key) hazards(s *signal.Signals) {
	hazards := sorted(s.Hazards, compareHazards)
	k.kind(isArray, len(hazards))
	for _, h := range hazards {
		k.text(h.Name)
		k.text(string(h.By))
		k.flag(h.Innocent)
		k.bytes = binary.AppendUvarint(k.bytes, uint64(h.Near))
	}
}

// band writes the band of a text as [reader.seenTerm] has it.
func (k *key) band(b *bands, text seen) {
	if b.measure.prose && text.kind != prose {
		k.bytes = append(k.bytes, isNull)
		return
	}
	k.kind(isNumber, b.of(b.measure.of(text.signals)))
}

var (
	keyTexts     = ast.StringTerm("texts")
	keyWhole     = ast.StringTerm("whole")
	keyKind      = ast.StringTerm("kind")
	keyTerms     = ast.StringTerm("terms")
	keyHazards   = ast.StringTerm("hazards")
	keyClass     = ast.StringTerm("class")
	keyBy        = ast.StringTerm("by")
	keyInnocent  = ast.StringTerm("innocent")
	keyNear      = ast.StringTerm("near")
	keyPatterns  = ast.StringTerm("patterns")
	keyLayers    = ast.StringTerm("layers")
	keyScripts   = ast.StringTerm("scripts")
	keyInvisible = ast.StringTerm("invisible")
	keyMixed     = ast.StringTerm("mixed_scripts")
	keyTruncated = ast.StringTerm("truncated")
)

// term returns what rules see.
func (r *reader) sightTerm(all *sight) *ast.Term {
	texts := make([]*ast.Term, len(all.texts))
	for i := range all.texts {
		texts[i] = r.seenTerm(all.texts[i])
	}
	var whole *ast.Term
	if len(texts) == 1 {
		whole = texts[0]
	} else {
		whole = r.seenTerm(all.whole)
	}
	return ast.ObjectTerm(ast.Item(keyTexts, ast.ArrayTerm(texts...)), ast.Item(keyWhole, whole))
}

func (r *reader) seenTerm(text seen) *ast.Term {
	is := text.signals
	items := [][2]*ast.Term{
		ast.Item(keyPath, ast.StringTerm(text.path)),
		ast.Item(keyKind, ast.InternedTerm(text.kind)),
		ast.Item(keyTerms, r.termsTerm(is)),
		ast.Item(keyHazards, r.hazardsTerm(is)),
		ast.Item(keyPatterns, namesTerm(patternNames(is))),
		ast.Item(keyLayers, namesTerm(sorted(is.Layers, strings.Compare))),
		ast.Item(keyScripts, namesTerm(is.Text.Scripts.Names())),
		ast.Item(keyInvisible, ast.InternedTerm(is.Text.Invisible > 0)),
		ast.Item(keyMixed, ast.InternedTerm(is.Text.MixedWords > 0)),
		ast.Item(keyTruncated, ast.InternedTerm(is.Truncated)),
	}
	for i := range r.view.bands {
		b := &r.view.bands[i]
		band := ast.InternedNullTerm
		if !b.measure.prose || text.kind == prose {
			band = b.names[b.of(b.measure.of(is))]
		}
		items = append(items, ast.Item(b.name, band))
	}
	return ast.ObjectTerm(items...)
}

// termsTerm has only the sets of which there are terms.
func (r *reader) termsTerm(is *signal.Signals) *ast.Term {
	if len(is.Terms) == 0 {
		return noSets
	}
	var items [][2]*ast.Term
	terms := sorted(is.Terms, compareTerms)
	for len(terms) > 0 {
		set := terms[0].Set
		var found []*ast.Term
		for len(terms) > 0 && terms[0].Set == set {
			found = append(found, r.lexicon.terms[set][terms[0].Term])
			terms = terms[1:]
		}
		items = append(items, ast.Item(ast.InternedTerm(r.lexicon.names[set]), ast.ArrayTerm(found...)))
	}
	return ast.ObjectTerm(items...)
}

var noSets = ast.ObjectTerm()

func (r *reader) hazardsTerm(is *signal.Signals) *ast.Term {
	hazards := sorted(is.Hazards, compareHazards)
	if len(hazards) == 0 {
		return noTerms
	}
	terms := make([]*ast.Term, len(hazards))
	for i, h := range hazards {
		terms[i] = ast.ObjectTerm(
			ast.Item(keyName, ast.StringTerm(h.Name)),
			ast.Item(keyClass, ast.InternedTerm(string(h.Class))),
			ast.Item(keyBy, ast.InternedTerm(string(h.By))),
			ast.Item(keyInnocent, ast.InternedTerm(h.Innocent)),
			ast.Item(keyNear, namesTerm(r.namesOf(h.Near))),
		)
	}
	return ast.ArrayTerm(terms...)
}

// namesOf returns the names of sets, in their order.
func (r *reader) namesOf(sets signal.Sets) (names []string) {
	for set, name := range r.lexicon.names {
		if sets.Has(set) {
			names = append(names, name)
		}
	}
	return names
}

func patternNames(is *signal.Signals) (names []string) {
	set := patternsOf(is)
	for kind := range pattern.Kind(32) {
		if set&(1<<kind) != 0 {
			names = append(names, kind.String())
		}
	}
	return names
}

func namesTerm(names []string) *ast.Term {
	if len(names) == 0 {
		return noTerms
	}
	terms := make([]*ast.Term, len(names))
	for i, name := range names {
		terms[i] = ast.InternedTerm(name)
	}
	return ast.ArrayTerm(terms...)
}
