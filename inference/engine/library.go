package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/odordiff/odordiff/inference/odor"
)

// Library answers with the odorants of a curated table. It invents nothing and
// has no randomness: the same request has the same answer. It needs no model,
// so it is what remains when every other engine is out.
type Library struct {
	library     *odor.Library
	interpreter *odor.Interpreter
}

// NewLibrary returns the engine over the built-in odorants.
func NewLibrary() (*Library, error) {
	library, err := odor.Default()
	if err != nil {
		return nil, err
	}
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		return nil, err
	}
	return &Library{library: library, interpreter: interpreter}, nil
}

// Name returns "library".
func (*Library) Name() string { return "library" }

// Generate implements [Engine].
func (l *Library) Generate(ctx context.Context, request Request) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	interpretation := l.interpreter.Interpret(request.Prompt)
	if !interpretation.Understood() {
		return Result{}, &NotUnderstoodError{Interpretation: interpretation}
	}
	s := newScorer(l.library, interpretation)
	found, err := s.diversify(ctx, l.rank(s), request.Count)
	if err != nil {
		return Result{}, err
	}
	return Result{Interpretation: interpretation, Molecules: molecules(found)}, nil
}

// match is an odorant that fits a prompt.
type match struct {
	odorant *odor.Odorant
	scores  Scores
}

// rank returns the odorants that fit, the best first. Equal scores are in
// alphabetical order.
func (l *Library) rank(s *scorer) []match {
	odorants := l.library.Odorants()
	found := make([]match, 0, len(odorants))
	for i := range odorants {
		if scores := s.score(&odorants[i]); scores.Overall > 0 {
			found = append(found, match{&odorants[i], scores})
		}
	}
	sortBest(found)
	return found
}

func sortBest(found []match) {
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(
			cmp.Compare(b.scores.Overall, a.scores.Overall),
			cmp.Compare(a.odorant.Name, b.odorant.Name),
		)
	})
}

func molecules(found []match) []Molecule {
	molecules := make([]Molecule, len(found))
	for i, c := range found {
		molecules[i] = Molecule{
			Structure: c.odorant.Structure,
			Name:      c.odorant.Name,
			Profile:   c.odorant.Profile,
			Note:      c.odorant.Note,
			Scores:    c.scores,
			Source:    "library",
		}
	}
	return molecules
}
