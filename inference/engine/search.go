package engine

import (
	"context"
	"math/rand/v2"

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
	excluded       map[string]string // names of odorants by canonical SMILES without stereo
	seed           int64
	rng            *rand.Rand // for drafts; samples have their own
	seen           map[string]bool
	found          selection
	withheld       tally
	sampled        int
	exhausted      bool // the last round brought no new molecule
}

// candidate is a molecule that passed the filters.
type candidate struct {
	Molecule
	print fingerprint.Bits
	met   []float64 // of each label that is wanted
	alike float64   // to the most alike of those chosen
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
		excluded:       map[string]string{},
		withheld:       tally{},
		found:          selection{count: request.Count},
	}
	if request.Like != nil {
		s.like = morgan(request.Like)
	}
	for _, name := range interpretation.ExcludedOdorants {
		if odorant, ok := d.index.Named(name); ok {
			s.excluded[odorant.Structure.WithoutStereo().SMILES()] = name
		}
	}
	return s
}

// missing is how many molecules are still to be found.
func (s *search) missing() int { return s.request.Count - len(s.found.chosen) }

// round samples once more and keeps what is new and passes.
func (s *search) round(ctx context.Context, round int) error {
	tasks, err := s.tasks(ctx, spare+int(oversampling*float64(s.missing())))
	if err != nil {
		return err
	}
	known, total := len(s.seen), s.sampled+len(tasks)
	settings := s.settings(round, len(tasks))
	settings.Finished = func(sample diffusion.Sample) error {
		s.take(sample)
		s.sampled++
		s.settle(total)
		return ctx.Err()
	}
	if _, err := s.model.Sample(ctx, tasks, settings); err != nil {
		return err
	}
	s.exhausted = len(s.seen) == known
	return nil
}

// For a client that waits for each molecule, a quarter of the drafts are worked
// on at once, so that the first ones come early, but as many as keep two
// processors busy.
const (
	streamedShare = 4
	leastStreamed = 6
)

// settings returns how to sample a round of so many drafts.
func (s *search) settings(round, drafts int) diffusion.Settings {
	settings := settings(s.request)
	settings.Seed = uint64(s.seed) + uint64(round)<<56
	if s.request.Emit != nil {
		settings.Width = max(leastStreamed, drafts/streamedShare)
	}
	if s.request.Progress != nil {
		settings.Progress = func(step, steps int, unmasked float64) {
			s.request.Progress(Progress{Round: round, Step: step, Steps: steps, Unmasked: unmasked})
		}
	}
	return settings
}

// settle hands on what is chosen by now, when there will be so many samples in all.
func (s *search) settle(total int) {
	for _, c := range s.found.settle(s.sampled, total) {
		if s.request.Emit != nil {
			s.request.Emit(c.Molecule)
		}
	}
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
	if name, excluded := s.excluded[molecule.SMILES()]; excluded {
		s.withheld.add(Withheld{Reason: "excluded", Detail: name, Count: 1})
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
	s.found.add(c)
}

// result ranks what was chosen.
func (s *search) result() Result {
	chosen := s.found.ranked()
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
