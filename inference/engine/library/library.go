// Package library answers prompts with known odorants. Nothing is invented.
package library

import (
	"cmp"
	"context"
	"slices"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/mmr"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/internal/tracing"
)

// Engine answers with the odorants of a curated table. It has no randomness:
// the same request has the same answer. It needs no model, so it remains when
// every other engine is out.
type Engine struct {
	library     *odor.Library
	interpreter *odor.Interpreter
	index       *engine.Index
}

// New returns the engine over the built-in odorants.
func New() (*Engine, error) {
	library, err := odor.Default()
	if err != nil {
		return nil, err
	}
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		return nil, err
	}
	index, err := engine.DefaultIndex()
	if err != nil {
		return nil, err
	}
	return &Engine{library: library, interpreter: interpreter, index: index}, nil
}

// Name returns "library".
func (*Engine) Name() string { return "library" }

// Generate implements [engine.Engine]. It ignores Request.Sampling and Seed,
// and does not call Progress: there are no steps.
func (e *Engine) Generate(ctx context.Context, request engine.Request) (engine.Result, error) {
	if err := ctx.Err(); err != nil {
		return engine.Result{}, err
	}
	interpretation, err := engine.Understand(ctx, e.interpreter, request)
	if err != nil {
		return engine.Result{}, err
	}
	filter, err := engine.NewFilter(request)
	if err != nil {
		return engine.Result{}, err
	}
	s := newScorer(e.library, interpretation, request.Like)
	withheld := engine.Tally{}
	kept, err := keep(ctx, filter, e.rank(s, withheld), withheld)
	if err != nil {
		return engine.Result{}, err
	}
	chosen, err := diversify(ctx, kept, request.Count)
	if err != nil {
		return engine.Result{}, err
	}
	result := engine.Result{Interpretation: interpretation, Molecules: molecules(chosen), Withheld: withheld.List()}
	if request.Emit != nil {
		for _, m := range result.Molecules {
			request.Emit(m)
		}
	}
	return result, nil
}

// match is an odorant that fits a prompt.
type match struct {
	*engine.Entry
	scores  engine.Scores
	overall float64   // of the scores
	met     []float64 // how far it meets each wanted descriptor
}

// rank returns the odorants that fit, the best first. Equal scores are in
// alphabetical order. What the prompt excludes is withheld.
func (e *Engine) rank(s *scorer, withheld engine.Tally) []*match {
	var found []*match
	entries := e.index.Entries()
	for i := range entries {
		entry := &entries[i]
		scores := s.score(entry)
		if overall := scores.Overall(); overall > 0 {
			found = append(found, &match{entry, scores, overall, s.met(entry.Profile)})
		} else if by := s.excludes(entry.Odorant); by != "" {
			withheld.Add(engine.Withheld{Reason: engine.Excluded, Detail: by, Count: 1})
		}
	}
	sortBest(found)
	return found
}

func sortBest(matches []*match) {
	slices.SortFunc(matches, func(a, b *match) int {
		return cmp.Or(cmp.Compare(b.overall, a.overall), cmp.Compare(a.Name, b.Name))
	})
}

// keep returns the matches that keep to the request, in the same order.
func keep(ctx context.Context, filter *engine.Filter, ranked []*match, withheld engine.Tally) ([]*match, error) {
	_, span := tracing.Start(ctx, "judge")
	defer span.End()
	kept := ranked[:0]
	for _, m := range ranked {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w := filter.Keeps(m.Structure, m.Profile)
		if w == nil {
			w = filter.Passes(m.Safety)
		}
		if w != nil {
			withheld.Add(*w)
			continue
		}
		kept = append(kept, m)
	}
	return kept, nil
}

// sameness is how much of its score a match loses while choosing when a
// molecule with an equal profile has been chosen already. It does not change
// the score that is reported.
const sameness = 0.6

// diversify chooses count of the matches so that they do not all smell alike
// and do not all answer the same part of the prompt. They come back sorted by
// their scores.
func diversify(ctx context.Context, ranked []*match, count int) ([]*match, error) {
	selection := mmr.New(func(m *match, alike float64) float64 { return m.overall * (1 - sameness*alike) }, alike)
	for _, m := range ranked {
		selection.Add(m)
	}
	for range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, ok := selection.Next(nil); !ok {
			break
		}
	}
	chosen := slices.Clone(selection.Chosen())
	sortBest(chosen)
	return chosen, nil
}

// alike compares two matches, from 0 to 1: half is how alike they smell, half
// how alike they are in what the prompt asks for.
func alike(a, b *match) float64 {
	smell := a.Profile.Similarity(b.Profile)
	overlap, ok := mmr.Overlap(a.met, b.met)
	if !ok {
		return smell
	}
	return (smell + overlap) / 2
}

func molecules(matches []*match) []engine.Molecule {
	molecules := make([]engine.Molecule, len(matches))
	for i, m := range matches {
		molecules[i] = engine.Molecule{
			Structure: m.Structure,
			Name:      m.Name,
			Profile:   m.Profile,
			Note:      m.Note,
			Scores:    m.scores,
			Source:    engine.FromLibrary,
			Known:     &engine.Known{Library: true, Nearest: engine.Neighbour{Odorant: m.Odorant, Similarity: 1}},
			Safety:    m.Safety,
		}
	}
	return molecules
}
