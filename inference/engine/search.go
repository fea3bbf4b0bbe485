package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/chem/property"
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

// tasks returns what a round starts from.
func (s *search) tasks(ctx context.Context, count int) ([]diffusion.Task, error) {
	switch {
	case s.request.Scaffold != nil:
		return s.decorations(ctx, count)
	case s.request.Like != nil:
		return s.variations(ctx, count)
	}
	return s.attempt(ctx, "prompt", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		return s.model.Blank(s.model.DrawLength(s.rng, *condition))
	})
}

// A molecule to resemble keeps between these shares of its writing.
const (
	leastKept = 0.35
	mostKept  = 0.8
)

func (s *search) variations(ctx context.Context, count int) ([]diffusion.Task, error) {
	like := s.request.Like.WithoutStereo() // the model knows none
	if _, err := s.writable("like", like); err != nil {
		return nil, err
	}
	return s.attempt(ctx, "like", count, func(*diffusion.Condition) (diffusion.Draft, error) {
		share := leastKept + (mostKept-leastKept)*s.rng.Float64()
		return s.model.Variation(s.rng, like, share)
	})
}

// decorations gives a scaffold as many further tokens as molecules of this
// condition have, but few enough for it to stay recognisable.
func (s *search) decorations(ctx context.Context, count int) ([]diffusion.Task, error) {
	const mostAdded = 14
	scaffold := s.request.Scaffold.WithoutStereo()
	tokens, err := s.writable("scaffold", scaffold)
	if err != nil {
		return nil, err
	}
	room := s.model.MaxTokens() - tokens
	if room < 1 {
		return nil, &UnsuitableError{Field: "scaffold", Err: errors.New("it leaves no room for a substituent")}
	}
	return s.attempt(ctx, "scaffold", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		added := s.model.DrawLength(s.rng, *condition) - tokens
		added = min(max(added, 1+s.rng.IntN(4)), mostAdded, room)
		return s.model.Decoration(s.rng, scaffold, added)
	})
}

// writable returns how many tokens a molecule has, and an error where the model
// cannot write it: for an unknown token, and for too many.
func (s *search) writable(field string, m *chem.Molecule) (int, error) {
	tokens, err := s.model.Tokens(m.SMILES())
	if err == nil && tokens > s.model.MaxTokens() {
		err = fmt.Errorf("it has %d tokens, the model knows molecules of up to %d", tokens, s.model.MaxTokens())
	}
	if err != nil {
		return 0, &UnsuitableError{Field: field, Err: err}
	}
	return tokens, nil
}

// attempt makes drafts by a method that fails now and then, when a random writing has no good
// place to cut. It fails when the method never works.
func (s *search) attempt(ctx context.Context, field string, count int, draft func(*diffusion.Condition) (diffusion.Draft, error)) ([]diffusion.Task, error) {
	var tasks []diffusion.Task
	var failure error
	for range 4 * count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		condition := s.aim.condition(s.rng)
		d, err := draft(condition)
		if err != nil {
			failure = err
			continue
		}
		if tasks = append(tasks, diffusion.Task{Draft: d, Condition: condition}); len(tasks) == count {
			break
		}
	}
	if len(tasks) == 0 {
		return nil, &UnsuitableError{Field: field, Err: failure}
	}
	return tasks, nil
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

// inNote is what relevance is multiplied by where a prompt speaks of notes: by
// how near the molecule's note is to the nearest of them.
func inNote(wanted []odor.Note, note odor.Note) float64 {
	if len(wanted) == 0 || note == "" {
		return 1
	}
	best := 0.0
	for _, w := range wanted {
		best = max(best, placed(w, note))
	}
	return best
}

// neutral tells whether a molecule has no charge on the whole and no unpaired electron. The model writes
// the two charges of a nitro group one by one, and could leave one alone.
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

// leastRelevance is how much of what is wanted a molecule must be predicted to have.
const leastRelevance = 0.15

// judge scores a molecule and screens it.
func (s *search) judge(molecule *chem.Molecule) (candidate, *Withheld) {
	probabilities := s.predictor.Probabilities(molecule)
	profile := odor.ProfileOf(probabilities)
	assessment, withheld := s.filter.Check(molecule, profile)
	if withheld != nil {
		return candidate{}, withheld
	}
	c := candidate{print: morgan(molecule), met: s.aim.met(probabilities, s.thresholds)}
	scores := s.aim.fit(probabilities, s.thresholds)
	note, _ := odor.NoteOf(molecule)
	scores.Relevance *= inNote(s.interpretation.Notes, note)
	scores.Overall = scores.Relevance * scores.Avoidance
	if s.request.Like != nil {
		scores.Likeness = fingerprint.Tanimoto(&s.like, &c.print)
		scores.Overall *= scores.Likeness
	}
	scores.Accessibility = accessibility(property.SyntheticAccessibility(molecule))
	scores.Overall *= scores.Accessibility
	if scores.Relevance*scores.Avoidance < leastRelevance || scores.Accessibility == 0 {
		return candidate{}, &Withheld{Reason: "irrelevant", Count: 1}
	}
	c.Molecule = Molecule{
		Structure: molecule,
		Profile:   profile,
		Note:      note,
		Scores:    scores,
		Source:    s.Name(),
		Known:     s.known(molecule, &c.print),
		Safety:    assessment,
	}
	return c, nil
}

// Three quarters of known odorants have a synthetic accessibility of at most
// 3.2, and one in a hundred has more than 5.2: what is harder to make than the
// former loses some of its score, and what is out of all proportion all of it.
const (
	easy     = 3
	hopeless = 7
)

// accessibility turns a synthetic accessibility (1 easy, 10 hard) into a score.
func accessibility(sa float64) float64 {
	return min(max((hopeless-sa)/(hopeless-easy), 0), 1)
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

// How much of its score a candidate loses while choosing: for being equal to
// one that has been chosen, and for being no new molecule.
const (
	alike    = 0.5
	familiar = 0.25
)

// choose takes the best candidates, new ones rather than known ones, each next
// one after a reduction for its likeness to those chosen before (Carbonell and
// Goldstein, SIGIR 1998, 335), and returns them sorted by their score.
func (s *search) choose() []candidate {
	left := slices.Clone(s.found)
	likeness := make([]float64, len(left))
	var chosen []candidate
	for range min(s.request.Count, len(s.found)) {
		best := 0
		for i := range left {
			if worth(left[i], likeness[i]) > worth(left[best], likeness[best]) {
				best = i
			}
		}
		next := left[best]
		chosen = append(chosen, next)
		left, likeness = slices.Delete(left, best, best+1), slices.Delete(likeness, best, best+1)
		for i := range left {
			likeness[i] = max(likeness[i], next.likeness(&left[i]))
		}
	}
	slices.SortStableFunc(chosen, func(a, b candidate) int { return cmp.Compare(b.Scores.Overall, a.Scores.Overall) })
	return chosen
}

// likeness compares two candidates: the mean of how alike they are and of how
// much they have the same of what is wanted (weighted Jaccard index), 0 to 1.
func (c *candidate) likeness(other *candidate) float64 {
	structure := fingerprint.Tanimoto(&c.print, &other.print)
	if len(c.met) < 2 {
		return structure
	}
	var shared, all float64
	for i, x := range c.met {
		shared += min(x, other.met[i])
		all += max(x, other.met[i])
	}
	if all == 0 {
		return structure
	}
	return (structure + shared/all) / 2
}

func worth(c candidate, likeness float64) float64 {
	worth := c.Scores.Overall * (1 - alike*likeness)
	if c.Known.Training || c.Known.Library {
		worth *= 1 - familiar
	}
	return worth
}
