package engine

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/odor"
)

// search is the work on one request: rounds of sampling, and what was found in them.
type search struct {
	*Diffusion
	request        Request
	interpretation odor.Interpretation
	filter         *Filter
	aim            aim
	like           fingerprint.Bits
	excluded       map[string]bool // odorants by canonical SMILES without stereo
	seed           int64
	rng            *rand.Rand // for drafts; samples have their own
	seen           map[string]bool
	found          []candidate
	withheld       tally
	sampled        int
	exhausted      bool // the last round brought no new molecule
}

// candidate is a molecule that passed the filters.
type candidate struct {
	Molecule
	print fingerprint.Bits
	met   []float64 // of each label that is wanted
}

func newSearch(d *Diffusion, request Request, interpretation odor.Interpretation, filter *Filter) *search {
	seed := seedOf(request)
	s := &search{
		Diffusion:      d,
		request:        request,
		interpretation: interpretation,
		filter:         filter,
		aim:            d.aim(request, interpretation),
		seed:           seed,
		rng:            rand.New(rand.NewPCG(uint64(seed), 1)), //nolint:gosec // sampling is no secret
		seen:           map[string]bool{},
		excluded:       map[string]bool{},
		withheld:       tally{},
	}
	if request.Like != nil {
		s.like = morgan(request.Like)
	}
	for _, name := range interpretation.ExcludedOdorants {
		if odorant, ok := d.index.Named(name); ok {
			s.excluded[odorant.Structure.WithoutStereo().SMILES()] = true
		}
	}
	return s
}

// missing is how many molecules are still to be found.
func (s *search) missing() int { return max(0, s.request.Count-len(s.found)) }

// round samples once more and keeps what is new and passes.
func (s *search) round(ctx context.Context, round int) error {
	tasks, err := s.tasks(ctx, spare+int(oversampling*float64(s.missing())))
	if err != nil {
		return err
	}
	settings := settings(s.request)
	settings.Seed = uint64(s.seed) + uint64(round)<<56
	if s.request.Progress != nil {
		settings.Progress = func(step, steps int, unmasked float64) {
			s.request.Progress(Progress{Round: round, Step: step, Steps: steps, Unmasked: unmasked})
		}
	}
	samples, err := s.model.Sample(ctx, tasks, settings)
	if err != nil {
		return err
	}
	s.sampled += len(samples)
	known := len(s.seen)
	for _, sample := range samples {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.take(sample)
	}
	s.exhausted = len(s.seen) == known
	return nil
}

// take keeps a sample that is a new molecule and passes the filters, and counts any other.
func (s *search) take(sample diffusion.Sample) {
	if sample.Err != nil {
		s.withheld.add(Withheld{Reason: "invalid", Count: 1})
		return
	}
	molecule, err := chem.Parse(sample.SMILES)
	if err != nil {
		s.withheld.add(Withheld{Reason: "invalid", Count: 1})
		return
	}
	if !neutral(molecule) {
		s.withheld.add(Withheld{Reason: "invalid", Detail: "charge or radical", Count: 1})
		return
	}
	if s.excluded[molecule.SMILES()] {
		s.withheld.add(Withheld{Reason: "constraint", Detail: "prompt", Count: 1})
		return
	}
	if s.seen[molecule.SMILES()] {
		s.withheld.add(Withheld{Reason: "duplicate", Count: 1})
		return
	}
	s.seen[molecule.SMILES()] = true
	c, withheld := s.judge(molecule)
	if withheld != nil {
		s.withheld.add(*withheld)
		return
	}
	s.found = append(s.found, c)
	if s.request.Emit != nil {
		s.request.Emit(c.Molecule)
	}
}

// result ranks what was found and chooses the best, unlike each other.
func (s *search) result() Result {
	slices.SortStableFunc(s.found, func(a, b candidate) int { return cmp.Compare(b.Scores.Overall, a.Scores.Overall) })
	chosen := s.choose()
	molecules := make([]Molecule, len(chosen))
	for i, c := range chosen {
		molecules[i] = c.Molecule
	}
	return Result{
		Interpretation: s.interpretation,
		Molecules:      molecules,
		Seed:           &s.seed,
		Sampled:        s.sampled,
		Withheld:       s.withheld.list(),
	}
}
