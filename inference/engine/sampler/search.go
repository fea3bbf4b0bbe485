package sampler

import (
	"context"
	"math/rand/v2"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

// search is the work on one request: rounds of sampling, and what was found in
// them.
type search struct {
	request        engine.Request
	interpretation odor.Interpretation
	model          *diffusion.Model
	seed           int64
	drafts         *drafter
	evaluator      *evaluator
	selection      *selection
	// names of odorants by canonical SMILES without stereo
	excluded  map[string]string
	seen      map[string]bool // canonical SMILES
	withheld  engine.Tally
	sampled   int
	exhausted bool // the last round brought no new molecule
}

func newSearch(e *Engine, request engine.Request, interpretation odor.Interpretation, filter *engine.Filter) *search {
	seed := seedOf(request)
	a := newAim(request, interpretation, e.predictor)
	s := &search{
		request:        request,
		interpretation: interpretation,
		model:          e.model,
		seed:           seed,
		drafts:         newDrafter(e.model, request, a, seed),
		evaluator:      newEvaluator(e, request, interpretation, filter, a),
		selection:      newSelection(request.Count),
		excluded:       map[string]string{},
		seen:           map[string]bool{},
		withheld:       engine.Tally{},
	}
	for _, name := range interpretation.ExcludedOdorants {
		if odorant, ok := e.index.Named(name); ok {
			s.excluded[odorant.Structure.WithoutStereo().SMILES()] = name
		}
	}
	return s
}

// seedOf returns the request's seed, or a new one that JSON can carry exactly.
func seedOf(request engine.Request) int64 {
	if request.Seed != nil {
		return *request.Seed
	}
	return rand.Int64N(1 << 53) //nolint:gosec // sampling is no secret
}

// missing is how many molecules are still to be found.
func (s *search) missing() int { return s.request.Count - len(s.selection.chosen()) }

// How many molecules are sampled for one that is wanted, and how many besides.
const (
	oversampling = 2
	spare        = 2
)

// round samples once more and keeps the new molecules that pass.
func (s *search) round(ctx context.Context, round int) error {
	tasks, err := s.drafts.tasks(ctx, spare+oversampling*s.missing())
	if err != nil {
		return err
	}
	known, total := len(s.seen), s.sampled+len(tasks)
	settings := s.settings(round, len(tasks))
	settings.Finished = func(sample diffusion.Sample) error {
		s.sampled++
		if withheld := s.receive(sample); withheld != nil {
			s.withheld.Add(*withheld)
		}
		s.emit(s.selection.commit(s.sampled, total))
		return ctx.Err()
	}
	end := traceRound(ctx, round, len(tasks), &settings)
	defer end()
	if _, err := s.model.Sample(ctx, tasks, settings); err != nil {
		return err
	}
	s.exhausted = len(s.seen) == known
	return nil
}

// Where a client waits for each molecule, a quarter of the drafts are worked on
// at once, so that the first ones come early, but at least as many as keep two
// processors busy.
const (
	streamedShare = 4
	leastStreamed = 6
)

// settings returns how to sample a round of so many drafts.
func (s *search) settings(round, drafts int) diffusion.Settings {
	settings := diffusion.DefaultSettings()
	settings.Seed = uint64(s.seed) + uint64(round)<<56
	sampling := s.request.Sampling
	if sampling.Steps != nil {
		settings.Steps = *sampling.Steps
	}
	if sampling.Temperature != nil {
		settings.Temperature = *sampling.Temperature
	}
	if sampling.Guidance != nil {
		settings.Guidance = *sampling.Guidance
	}
	if s.request.Emit != nil {
		settings.Width = max(leastStreamed, drafts/streamedShare)
	}
	if s.request.Progress != nil {
		settings.Progress = func(step, steps int, unmasked float64) {
			s.request.Progress(engine.Progress{Round: round, Step: step, Steps: steps, Unmasked: unmasked})
		}
	}
	return settings
}

// receive makes a candidate of a sample that is a new molecule and passes the
// checks. It returns why any other is withheld.
func (s *search) receive(sample diffusion.Sample) *engine.Withheld {
	molecule, withheld := s.read(sample)
	if withheld != nil {
		return withheld
	}
	s.seen[molecule.SMILES()] = true
	c, withheld := s.evaluator.evaluate(molecule)
	if withheld != nil {
		return withheld
	}
	s.selection.add(c)
	return nil
}

// read returns the molecule of a sample, if it is a new one.
func (s *search) read(sample diffusion.Sample) (*chem.Molecule, *engine.Withheld) {
	if sample.Err != nil {
		return nil, &engine.Withheld{Reason: engine.Invalid, Count: 1}
	}
	molecule, err := chem.Parse(sample.SMILES)
	if err != nil {
		return nil, &engine.Withheld{Reason: engine.Invalid, Count: 1}
	}
	if !neutral(molecule) {
		return nil, &engine.Withheld{Reason: engine.Invalid, Detail: "charge or radical", Count: 1}
	}
	if name, excluded := s.excluded[molecule.SMILES()]; excluded {
		return nil, &engine.Withheld{Reason: engine.Excluded, Detail: name, Count: 1}
	}
	if s.seen[molecule.SMILES()] {
		return nil, &engine.Withheld{Reason: engine.Duplicate, Count: 1}
	}
	return molecule, nil
}

// neutral reports whether a molecule has no net charge and no unpaired
// electron. The model writes the two charges of a nitro group one by one, and
// could leave one alone.
func neutral(m *chem.Molecule) bool {
	charge := 0
	for i := range m.NumAtoms() {
		charge += int(m.Atom(i).Charge)
		if m.RadicalElectrons(i) > 0 {
			return false
		}
	}
	return charge == 0
}

// emit passes on the molecules that are chosen.
func (s *search) emit(chosen []*candidate) {
	if s.request.Emit == nil {
		return
	}
	for _, c := range chosen {
		s.request.Emit(c.Molecule)
	}
}

// result ranks what was chosen.
func (s *search) result() engine.Result {
	ranked := s.selection.ranked()
	molecules := make([]engine.Molecule, len(ranked))
	for i, c := range ranked {
		molecules[i] = c.Molecule
	}
	return engine.Result{
		Interpretation: s.interpretation,
		Molecules:      molecules,
		Seed:           &s.seed,
		Sampled:        s.sampled,
		Withheld:       s.withheld.List(),
	}
}
