package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

// Diffusion samples new molecules for a prompt. It samples more than are wanted, keeps
// those that are molecules, keep to the request and are predicted to smell as
// asked for, and ranks them. Nothing is looked up.
type Diffusion struct {
	model       *diffusion.Model
	predictor   *predict.Predictor
	interpreter *odor.Interpreter
	index       *Index
	thresholds  []float64 // of each label, the probability that counts as having it
}

// NewDiffusion returns the engine with the embedded models.
func NewDiffusion() (*Diffusion, error) {
	model, err := diffusion.Default()
	if err != nil {
		return nil, err
	}
	predictor, err := predict.Default()
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
	if !slices.Equal(model.Labels(), predictor.Labels()) || !slices.Equal(model.Labels(), odor.Labels()) {
		return nil, errors.New("the diffusion model, the predictor and labels.tsv are of different labels")
	}
	return &Diffusion{
		model:       model,
		predictor:   predictor,
		interpreter: interpreter,
		index:       index,
		thresholds:  thresholds(model.Prevalence()),
	}, nil
}

// thresholds says from which probability on a molecule counts as having a
// label. A frequent label needs more than a rare one, whose probability is
// seldom high: 0.1 + √prevalence/2 runs from 0.14 to 0.4, where F1 is about the best (Lipton,
// Elkan and Naryanaswamy 2014, doi 10.1007/978-3-662-44851-9_15: half of what F1 is then).
func thresholds(prevalence []float64) []float64 {
	out := make([]float64, len(prevalence))
	for i, p := range prevalence {
		out[i] = 0.1 + math.Sqrt(p)/2
	}
	return out
}

// Name returns "diffusion".
func (*Diffusion) Name() string { return "diffusion" }

// How many molecules are sampled for one that is wanted, and how often more are
// sampled where too few of them were kept.
const (
	oversampling = 2
	spare        = 2
	maxRounds    = 4
)

// Generate implements [Engine]. The seed is chosen and returned where the
// request has none. It returns an [*UnsuitableError] for a scaffold or a
// molecule to resemble that the model cannot write, and for a descriptor that no
// new molecule can be held to.
func (d *Diffusion) Generate(ctx context.Context, request Request) (Result, error) {
	interpretation, err := understand(d.interpreter, request)
	if err != nil {
		return Result{}, err
	}
	if err := predictable(request.Constraints); err != nil {
		return Result{}, err
	}
	filter, err := NewFilter(request)
	if err != nil {
		return Result{}, err
	}
	search := newSearch(d, request, interpretation, filter)
	for round := 1; round <= maxRounds && search.missing() > 0 && !search.exhausted; round++ {
		if err := search.round(ctx, round); err != nil {
			return Result{}, err
		}
	}
	return search.result(), nil
}

// predictable makes sure that molecules can be held to the descriptors that they must and
// must not have: new ones have only those that the predictor knows.
func predictable(c Constraints) error {
	if err := allPredictable("must", c.Must); err != nil {
		return err
	}
	return allPredictable("must_not", c.MustNot)
}

func allPredictable(field string, descriptors []string) error {
	for i, descriptor := range descriptors {
		if !odor.Predictable(descriptor) {
			return &UnsuitableError{
				Field: fmt.Sprintf("constraints/%s/%d", field, i),
				Err:   fmt.Errorf("%q is nothing that can be predicted of a new molecule; ask for it in the prompt, or of the library", descriptor),
			}
		}
	}
	return nil
}

// UnsuitableError says that a part of the request cannot be used by the engine.
type UnsuitableError struct {
	// Field is the request's field: "scaffold", "like", or a descriptor such as "constraints/must/0".
	Field string
	// Err says why.
	Err error
}

// Error describes the error.
func (e *UnsuitableError) Error() string { return fmt.Sprintf("%s: %v", e.Field, e.Err) }

// Unwrap returns why it cannot be used.
func (e *UnsuitableError) Unwrap() error { return e.Err }

// seedOf returns the request's seed, or a new one that JSON can carry exactly.
func seedOf(request Request) int64 {
	if request.Seed != nil {
		return *request.Seed
	}
	return rand.Int64N(1 << 53) //nolint:gosec // sampling is no secret
}

// settings returns how to sample a round.
func settings(request Request) diffusion.Settings {
	s := diffusion.DefaultSettings()
	if steps := request.Sampling.Steps; steps != nil {
		s.Steps = *steps
	}
	if temperature := request.Sampling.Temperature; temperature != nil {
		s.Temperature = *temperature
	}
	if guidance := request.Sampling.Guidance; guidance != nil {
		s.Guidance = *guidance
	}
	return s
}
