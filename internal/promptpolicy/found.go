package promptpolicy

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/signal"
	"github.com/odordiff/odordiff/internal/signal/guard"
)

var (
	keyFound  = ast.StringTerm("found")
	keyScores = ast.StringTerm("scores")
	keyIs     = ast.StringTerm("is")
	keyLayer  = ast.StringTerm("layer")
	keyStart  = ast.StringTerm("start")
	keyEnd    = ast.StringTerm("end")
)

// foundTerm returns, for each prompt, where what was found stands in the text
// as the client sent it, and the scores as they are. It differs for nearly
// every request, so that a rule which reads it is evaluated each time.
func (r *reader) foundTerm(prompts []exchange.Prompt, all *sight) *ast.Term {
	list := make([]*ast.Term, len(all.texts))
	for i, text := range all.texts {
		list[i] = ast.ObjectTerm(
			ast.Item(keyPath, ast.StringTerm(text.path)),
			ast.Item(keyScores, scoresTerm(text)),
			ast.Item(keyFound, r.placesTerm(prompts[i].Text, text.signals)),
		)
	}
	return ast.ArrayTerm(list...)
}

func scoresTerm(text seen) *ast.Term {
	if text.kind != prose {
		return ast.InternedNullTerm
	}
	var items [][2]*ast.Term
	for class, probability := range text.signals.Scores {
		number := strconv.FormatFloat(probability, 'f', 3, 64)
		items = append(items, ast.Item(ast.InternedTerm(guard.Class(class).String()), ast.NumberTerm(json.Number(number))))
	}
	return ast.ObjectTerm(items...)
}

func (r *reader) placesTerm(text string, is *signal.Signals) *ast.Term {
	var list []*ast.Term
	add := func(kind string, what *ast.Term, at signal.Place) {
		start := utf8.RuneCountInString(text[:at.Start])
		end := start + utf8.RuneCountInString(text[at.Start:at.End])
		list = append(list, ast.ObjectTerm(
			ast.Item(keyKind, ast.InternedTerm(kind)),
			ast.Item(keyIs, what),
			ast.Item(keyLayer, ast.StringTerm(at.Layer)),
			ast.Item(keyStart, ast.InternedTerm(start)),
			ast.Item(keyEnd, ast.InternedTerm(end)),
			ast.Item(keyText, ast.StringTerm(text[at.Start:at.End])),
		))
	}
	for _, t := range is.Terms {
		add(r.lexicon.names[t.Set], r.lexicon.terms[t.Set][t.Term], t.Place)
	}
	for _, h := range is.Hazards {
		add("hazard", ast.StringTerm(h.Name), h.Place)
	}
	for _, p := range is.Patterns {
		add("pattern", ast.InternedTerm(p.Kind.String()), p.Place)
	}
	return ast.ArrayTerm(list...)
}
