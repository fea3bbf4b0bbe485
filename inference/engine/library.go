package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/odor"
)

// Library answers with the odorants of a curated table. It invents nothing and
// has no randomness: the same request has the same answer. It needs no model,
// so it is what remains when every other engine is out.
type Library struct {
	library     *odor.Library
	interpreter *odor.Interpreter
	index       *Index
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
	index, err := DefaultIndex()
	if err != nil {
		return nil, err
	}
	return &Library{library: library, interpreter: interpreter, index: index}, nil
}

// Name returns "library".
func (*Library) Name() string { return "library" }

// Generate implements [Engine]. Of Request.Sampling and Seed nothing is used, and
// Progress is not called: there are no steps.
func (l *Library) Generate(ctx context.Context, request Request) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	interpretation, err := understand(l.interpreter, request)
	if err != nil {
		return Result{}, err
	}
	filter, err := NewFilter(request)
	if err != nil {
		return Result{}, err
	}
	s := newScorer(l.library, interpretation)
	withheld := tally{}
	kept, err := l.keep(ctx, filter, l.rank(s, request, withheld), withheld)
	if err != nil {
		return Result{}, err
	}
	found, err := s.diversify(ctx, kept, request.Count)
	if err != nil {
		return Result{}, err
	}
	result := Result{Interpretation: interpretation, Molecules: l.molecules(found), Withheld: withheld.list()}
	if request.Emit != nil {
		for _, m := range result.Molecules {
			request.Emit(m)
		}
	}
	return result, nil
}

// match is an odorant that fits a prompt.
type match struct {
	at      int // in the library
	odorant *odor.Odorant
	scores  Scores
}

// rank returns the odorants that fit, the best first. Equal scores are in
// alphabetical order. What the prompt excludes is withheld.
func (l *Library) rank(s *scorer, request Request, withheld tally) []match {
	odorants := l.library.Odorants()
	found := make([]match, 0, len(odorants))
	liken := l.likeness(request)
	for i := range odorants {
		scores := s.score(&odorants[i])
		liken(i, &scores)
		if scores.Overall > 0 {
			found = append(found, match{i, &odorants[i], scores})
		} else if by := s.excludes(&odorants[i]); by != "" {
			withheld.add(Withheld{Reason: "excluded", Detail: by, Count: 1})
		}
	}
	sortBest(found)
	return found
}

// likeness returns what adds to an odorant's scores how similar it is to the
// molecule that the answer should resemble.
func (l *Library) likeness(request Request) func(at int, scores *Scores) {
	if request.Like == nil {
		return func(int, *Scores) {}
	}
	like := morgan(request.Like)
	return func(at int, scores *Scores) {
		scores.Likeness = fingerprint.Tanimoto(&like, &l.index.prints[at])
		scores.Overall *= scores.Likeness
	}
}

// keep returns the matches that keep to the request, in the same order.
func (l *Library) keep(ctx context.Context, filter *Filter, ranked []match, withheld tally) ([]match, error) {
	kept := ranked[:0]
	for _, m := range ranked {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w := filter.Keeps(m.odorant.Structure, m.odorant.Profile)
		if w == nil {
			w = filter.Passes(l.index.screened[m.at])
		}
		if w != nil {
			withheld.add(*w)
			continue
		}
		kept = append(kept, m)
	}
	return kept, nil
}

func sortBest(found []match) {
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(
			cmp.Compare(b.scores.Overall, a.scores.Overall),
			cmp.Compare(a.odorant.Name, b.odorant.Name),
		)
	})
}

func (l *Library) molecules(found []match) []Molecule {
	molecules := make([]Molecule, len(found))
	for i, c := range found {
		molecules[i] = Molecule{
			Structure: c.odorant.Structure,
			Name:      c.odorant.Name,
			Profile:   c.odorant.Profile,
			Note:      c.odorant.Note,
			Scores:    c.scores,
			Source:    "library",
			Known:     &Known{Library: true, Nearest: Neighbour{c.odorant.Structure, c.odorant.Name, 1}},
			Safety:    l.index.screened[c.at],
		}
	}
	return molecules
}
