package signal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/offset"
	"github.com/odordiff/odordiff/internal/signal/decode"
	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/pattern"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// Knowledge is what texts are read with. It is safe for concurrent use.
type Knowledge struct {
	// Dictionary has the terms of all sets. If Hazards is not nil, the first set
	// is its terms.
	Dictionary *term.Dictionary
	// Hazards recognises substances; nil for none.
	Hazards *hazard.Table
	// Names are words that show that a text is turned; nil for none.
	Names *decode.Names
	// Harmless is the set of phrases in which nothing counts; -1 for none.
	Harmless int
	// Titles is the set of phrases that count only where a text for people is one
	// of them and nothing else; -1 for none.
	Titles int
	// Guard scores what a text is about.
	Guard *guard.Model
}

// Signals are what is known of a text. Whatever was found is listed in the
// order of the layers that it was found in.
type Signals struct {
	// Prose says that the text is meant for people. Another, such as a structural
	// formula or the name of a field, is not scored: it is about nothing.
	Prose bool
	// Scores are by [guard.Class]: the least of [guard.Scent] that the text or one
	// of its layers has, and the most of the others. What is no prose, or has no
	// letters, is a scent and nothing else.
	Scores [guard.Classes]float64
	// Text has its figures.
	Text     Text
	Terms    []Term
	Hazards  []Hazard
	Patterns []Pattern
	// Layers are the encodings that the text, or part of it, was decoded from.
	Layers []string
	// Truncated says that more is in the text than was decoded or looked at.
	Truncated bool
}

// Place is where something was found.
type Place struct {
	// Layer is the encoding that hid it; empty for what is plain.
	Layer string
	// Span is in the text as it came, in bytes.
	term.Span
}

// Term is a term of a set other than that of the hazards.
type Term struct {
	Set, Term int
	Place
}

// Hazard is a substance.
type Hazard struct {
	hazard.Match
	Place
	// Near are the sets of which a term stands in the same sentence as the
	// substance, at most two words away.
	Near Sets
}

// Pattern is something with a form of its own.
type Pattern struct {
	Kind pattern.Kind
	Place
}

// Nothing returns the signals of a text in which there is nothing.
func Nothing() *Signals {
	s := &Signals{}
	s.Scores[guard.Scent] = 1
	return s
}

// Add takes over what another text has. Its figures stay.
func (s *Signals) Add(other *Signals) {
	if other.Prose {
		s.Prose = true
		for class := range s.Scores {
			s.worse(guard.Class(class), other.Scores[class])
		}
	}
	s.Terms = append(s.Terms, other.Terms...)
	s.Hazards = append(s.Hazards, other.Hazards...)
	s.Patterns = append(s.Patterns, other.Patterns...)
	s.Layers = append(s.Layers, other.Layers...)
	s.Text.Scripts |= other.Text.Scripts
	s.Text.Invisible += other.Text.Invisible
	s.Text.MixedWords += other.Text.MixedWords
	s.Truncated = s.Truncated || other.Truncated
}

func (s *Signals) worse(class guard.Class, probability float64) {
	if class == guard.Scent {
		s.Scores[class] = min(s.Scores[class], probability)
		return
	}
	s.Scores[class] = max(s.Scores[class], probability)
}

// Read returns the signals of a text, whose normal form is given. Expired
// reports whether to give up. The error is one of package textnorm.
func (k *Knowledge) Read(text, normalised string, prose bool, expired func() bool) (*Signals, error) {
	s := Nothing()
	s.Text, s.Prose = Measure(text), prose
	whole := layer{text: text, normalised: normalised, plain: text}
	if s.Text.Bytes > s.Text.Characters { // there is more than ASCII
		whole.readPlain()
	}
	if err := k.readLayer(s, &whole, expired); err != nil {
		return nil, err
	}
	layers, truncated := decode.Layers(whole.plain, decode.Limits{Expired: expired, Names: k.Names})
	if expired() { // what was not decoded for lack of time is no fault of the text
		return nil, textnorm.ErrExpired
	}
	s.Truncated = s.Truncated || truncated
	for _, l := range layers {
		normalised, err := textnorm.NormaliseWithin(l.Text, budgetFor(l.Text, expired))
		if err != nil {
			return nil, err
		}
		decoded := layer{text: l.Text, normalised: normalised, encoding: l.Encoding, origin: func(start, end int) (from, to int) {
			return whole.at.Origin(l.Origin(start, end))
		}}
		decoded.readPlain()
		if l.Guess {
			decoded.guessedOf = text
			if err := k.tryLayer(s, &decoded, expired); err != nil {
				return nil, err
			}
			continue
		}
		if err := k.readLayer(s, &decoded, expired); err != nil {
			return nil, err
		}
		if !slices.Contains(s.Layers, l.Encoding) {
			s.Layers = append(s.Layers, l.Encoding)
		}
	}
	if len(layers) > len(s.Layers) { // A passage may also be a layer by itself.
		s.Terms, s.Patterns = distinct(s.Terms), distinct(s.Patterns)
	}
	if len(s.Hazards) > 1 { // One place may be read in two ways.
		s.Hazards = distinct(s.Hazards)
	}
	s.findNear(text)
	return s, nil
}

// distinct returns what was found, each once, in the same order.
func distinct[T comparable](found []T) []T {
	seen := make(map[T]bool, len(found))
	return slices.DeleteFunc(found, func(f T) bool {
		again := seen[f]
		seen[f] = true
		return again
	})
}

// maxGrowth is how many times longer a text may be in a form that is searched.
// Hangul takes three times as many bytes when it is decomposed.
const maxGrowth = 4

func budgetFor(text string, expired func() bool) *textnorm.Budget {
	return &textnorm.Budget{Room: 4<<10 + maxGrowth*len(text), Expired: expired}
}

// layer is a text, or what it says in another writing.
type layer struct {
	text, normalised string
	encoding         string
	origin           func(start, end int) (from, to int) // nil for the text itself
	// guessedOf is the text itself if the layer is a guess, or else empty.
	guessedOf string

	// plain is the text in plain characters, which at leads back from: see
	// [decode.Plain].
	plain string
	at    offset.Map
}

func (l *layer) readPlain() { l.plain, l.at, _ = decode.Plain(l.text) }

// place returns where a span of the layer's text comes from.
func (l *layer) place(span term.Span) Place {
	if l.origin != nil {
		span.Start, span.End = l.origin(span.Start, span.End)
	}
	return Place{Layer: l.encoding, Span: span}
}

// tryLayer reads a layer that is only guessed: it is one if it has a term or a
// substance.
func (k *Knowledge) tryLayer(s *Signals, l *layer, expired func() bool) error {
	var found Signals
	if err := k.find(&found, l, expired); err != nil || len(found.Terms)+len(found.Hazards) == 0 {
		return err
	}
	s.Terms, s.Hazards = append(s.Terms, found.Terms...), append(s.Hazards, found.Hazards...)
	if !slices.Contains(s.Layers, l.encoding) {
		s.Layers = append(s.Layers, l.encoding)
	}
	return nil
}

// longName is how many letters a name has at least that is no chance. One of
// ownName letters is none where it stands by itself; a shorter one is another
// word if it is turned: Louis XV has VX in it.
const (
	longName = 6
	ownName  = 5
)

// countsName reports whether a name or term that was found in a layer counts.
// In one that is only guessed it has to be hidden and, if it is short, to stand
// by itself.
func (l *layer) countsName(span term.Span) bool {
	if l.guessedOf == "" {
		return true
	}
	switch length := span.End - span.Start; {
	case !l.hides(span):
		return false
	case length < ownName:
		return !l.isTurned() && l.isWhole(span, "")
	default:
		return length >= longName || l.isWhole(span, "-'")
	}
}

// countsToken is countsName for a formula or a number, which has to be whole
// whatever its length: a part of a formula is another formula.
func (l *layer) countsToken(t hazard.Token) bool {
	if l.guessedOf == "" {
		return true
	}
	return l.hides(t.Span) && l.isWhole(t.Span, "")
}

// isTurned reports whether the layer has the letters of the text in another
// order, or other letters.
func (l *layer) isTurned() bool { return l.encoding == decode.Reversed || l.encoding == decode.Rot13 }

// hides reports whether a span of a guess reads otherwise in the text.
func (l *layer) hides(span term.Span) bool {
	place := l.place(span)
	return l.guessedOf[place.Start:place.End] != l.text[span.Start:span.End]
}

// isWhole reports whether a span of a guess is all that stands in the text
// between white space and edges, but for other signs.
func (l *layer) isWhole(span term.Span, edges string) bool {
	place := l.place(span)
	return !endsInWord(l.guessedOf[:place.Start], edges) && !beginsInWord(l.guessedOf[place.End:], edges)
}

// endsInWord reports whether letters or digits of ASCII stand between the last
// white space or edge of a text and its end, and nothing beyond ASCII behind
// them.
func endsInWord(text, edges string) bool {
	for i := len(text) - 1; i >= 0 && !endsWord(text[i], edges); i-- {
		if isWordByte(text[i]) {
			return true
		}
	}
	return false
}

// beginsInWord is endsInWord for the first white space or edge of a text.
func beginsInWord(text, edges string) bool {
	for i := 0; i < len(text) && !endsWord(text[i], edges); i++ {
		if isWordByte(text[i]) {
			return true
		}
	}
	return false
}

func endsWord(c byte, edges string) bool {
	return c <= ' ' || c >= utf8.RuneSelf || strings.IndexByte(edges, c) >= 0
}

// isAll reports whether a span is all that the text itself says: around it
// stand only punctuation and white space, and in it words that are written
// plainly.
func (l *layer) isAll(span term.Span) bool {
	if l.origin != nil {
		return false
	}
	for i, r := range l.text {
		inside := span.Start <= i && i < span.End
		switch {
		case unicode.IsSpace(r), unicode.IsPunct(r):
		case !inside || hides(r) || !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool { return asciiClass[c] == asciiLetter || asciiClass[c] == asciiDigit }

func (k *Knowledge) readLayer(s *Signals, l *layer, expired func() bool) error {
	// The classifier has learnt words, and no figures.
	if s.Prose && s.Text.Letters > 0 {
		scores := k.Guard.Score(l.normalised)
		for class := range scores {
			s.worse(guard.Class(class), scores[class].Probability)
		}
	}
	return k.find(s, l, expired)
}

// find adds the terms, substances and patterns of a layer.
func (k *Knowledge) find(s *Signals, l *layer, expired func() bool) error {
	if expired() {
		return textnorm.ErrExpired
	}
	hits, harmless, err := k.hits(l, expired)
	if err != nil {
		return err
	}
	var names []term.Hit
	cover := term.NewCover(harmless)
	for _, hit := range hits {
		switch {
		case !l.countsName(hit.Span()):
		case k.Hazards != nil && hit.Set == 0:
			names = append(names, hit)
		case hit.Set == k.Titles && !(s.Prose && l.isAll(hit.Span())):
		case !cover.Contains(hit.Span()):
			s.Terms = append(s.Terms, Term{Set: hit.Set, Term: hit.Term, Place: l.place(hit.Span())})
		}
	}
	tokens := s.patterns(l)
	if k.Hazards == nil {
		return nil
	}
	tokens = slices.DeleteFunc(tokens, func(t hazard.Token) bool { return !l.countsToken(t) })
	for _, match := range k.Hazards.Match(names, tokens, cover) {
		place := l.place(match.Span)
		match.Span = place.Span
		s.Hazards = append(s.Hazards, Hazard{Match: match, Place: place})
	}
	return nil
}

// hits returns the terms in a layer and where harmless phrases are, by spans of
// the layer's text.
func (k *Knowledge) hits(l *layer, expired func() bool) (hits []term.Hit, harmless []term.Span, err error) {
	seamed := l.normalised
	if !isVisibleASCII(l.text) {
		if seamed, err = textnorm.SeamedWithin(l.text, budgetFor(l.text, expired)); err != nil {
			return nil, nil, err
		}
	}
	k.Dictionary.Scan(seamed, func(hit term.Hit) bool {
		hits = append(hits, hit)
		return true
	})
	if hits == nil {
		return nil, nil, nil
	}
	// Few texts have any, so only these pay for the way back.
	_, back, err := textnorm.SeamedMapped(l.text, budgetFor(l.text, expired))
	if err != nil {
		return nil, nil, err
	}
	for i := range hits {
		hits[i].Start, hits[i].End = back.Origin(hits[i].Start, hits[i].End)
		if hits[i].Set == k.Harmless {
			harmless = append(harmless, hits[i].Span())
		}
	}
	return hits, harmless, nil
}

// isVisibleASCII reports whether text is ASCII without invisible characters, so
// that its normal form is also its seamed one.
func isVisibleASCII(text string) bool {
	for i := range len(text) {
		if !isVisible[text[i]] {
			return false
		}
	}
	return true
}

var isVisible = func() (table [256]bool) {
	for c := range table {
		table[c] = ' ' <= c && c <= '~' || '\t' <= c && c <= '\r'
	}
	return table
}()

// identifiers are the patterns by which a substance is recognised.
var identifiers = map[pattern.Kind]hazard.By{
	pattern.CAS:     hazard.CAS,
	pattern.Formula: hazard.Formula,
	pattern.SMILES:  hazard.Structure,
	pattern.InChI:   hazard.Structure,
}

// patterns adds the patterns of a layer, and returns those that may identify a
// substance.
func (s *Signals) patterns(l *layer) (tokens []hazard.Token) {
	first := len(s.Patterns)
	add := func(kind pattern.Kind, span term.Span, readings ...string) {
		found := Pattern{Kind: kind, Place: l.place(span)}
		if !slices.Contains(s.Patterns[first:], found) {
			s.Patterns = append(s.Patterns, found)
		}
		by, identifies := identifiers[kind]
		for _, reading := range readings {
			token := hazard.Token{By: by, Text: reading, Span: span}
			if identifies && !slices.Contains(tokens, token) {
				tokens = append(tokens, token)
			}
		}
	}
	written := pattern.Find(l.text)
	for _, m := range written {
		add(m.Kind, term.Span{Start: m.Start, End: m.End}, l.text[m.Start:m.End])
	}
	if l.plain != l.text {
		for _, m := range pattern.Find(l.plain) {
			add(m.Kind, l.spanOfPlain(m), l.plain[m.Start:m.End])
		}
	}
	spread := pattern.FindSpread(l.plain)
	for _, m := range spread {
		add(m.Kind, l.spanOfPlain(m.Match), m.Readings...)
	}
	if len(written) >= pattern.MaxMatches || len(spread) >= pattern.MaxSpreads {
		s.Truncated = true
	}
	return tokens
}

// spanOfPlain returns where in the layer's text a match is in its plain one.
func (l *layer) spanOfPlain(m pattern.Match) term.Span {
	start, end := l.at.Origin(m.Start, m.End)
	return term.Span{Start: start, End: end}
}
