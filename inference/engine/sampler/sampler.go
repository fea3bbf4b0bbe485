// Package sampler answers prompts with new molecules, sampled by a diffusion
// model. It samples more than are wanted, keeps those that are molecules, keep
// to the request and are predicted to smell as asked for, and ranks them.
// Nothing is looked up.
//
// aim.go and drafts.go say what is sampled. What becomes of each sample is in
// three files, in this order: search.go hears of it and refuses what is no new
// molecule, evaluate.go checks and scores the molecule, and selection.go
// chooses among the candidates.
package sampler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

// Engine samples new molecules for a prompt.
type Engine struct {
	model       *diffusion.Model
	predictor   *predict.Predictor
	interpreter *odor.Interpreter
	index       *engine.Index
	// of each label, the probability that counts as having it
	thresholds []float64
}

// New returns the engine with the embedded models.
func New() (*Engine, error) {
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
	index, err := engine.DefaultIndex()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(model.Labels(), predictor.Labels()) || !slices.Equal(model.Labels(), odor.Labels()) {
		return nil, errors.New("the diffusion model, the predictor and labels.tsv are of different labels")
	}
	return &Engine{
		model:       model,
		predictor:   predictor,
		interpreter: interpreter,
		index:       index,
		thresholds:  thresholds(model.Prevalence()),
	}, nil
}

// thresholds says from which probability on a molecule counts as having a
// label. A frequent label needs more than a rare one, whose probability is
// seldom high: 0.1 + √prevalence/2 runs from 0.14 to 0.4, where F1 is about the
// best (Lipton, Elkan and Naryanaswamy 2014, doi 10.1007/978-3-662-44851-9_15:
// half of what F1 is then).
func thresholds(prevalence []float64) []float64 {
	out := make([]float64, len(prevalence))
	for i, p := range prevalence {
		out[i] = 0.1 + math.Sqrt(p)/2
	}
	return out
}

// Name returns "diffusion".
func (*Engine) Name() string { return "diffusion" }

// maxRounds is how often more molecules are sampled where too few were kept.
const maxRounds = 4

// Generate implements [engine.Engine]. The seed is chosen and returned where
// the request has none. It returns an [*engine.UnsuitableError] for a scaffold
// or a molecule to resemble that the model cannot write, and for a descriptor
// that no new molecule can be held to.
func (e *Engine) Generate(ctx context.Context, request engine.Request) (engine.Result, error) {
	interpretation, err := engine.Understand(ctx, e.interpreter, request)
	if err != nil {
		return engine.Result{}, err
	}
	if err := predictable(request.Constraints); err != nil {
		return engine.Result{}, err
	}
	filter, err := engine.NewFilter(request)
	if err != nil {
		return engine.Result{}, err
	}
	s := newSearch(e, request, interpretation, filter)
	for round := 1; round <= maxRounds && s.missing() > 0 && !s.exhausted; round++ {
		if err := s.round(ctx, round); err != nil {
			return engine.Result{}, err
		}
	}
	return s.result(), nil
}

// predictable makes sure that molecules can be held to the descriptors that
// they must and must not have: new ones have only those that the predictor
// knows.
func predictable(c engine.Constraints) error {
	if err := allPredictable("must", c.Must); err != nil {
		return err
	}
	return allPredictable("must_not", c.MustNot)
}

func allPredictable(field string, descriptors []string) error {
	for i, descriptor := range descriptors {
		if !odor.Predictable(descriptor) {
			return &engine.UnsuitableError{
				Field: fmt.Sprintf("constraints/%s/%d", field, i),
				Err:   fmt.Errorf("%q is nothing that can be predicted of a new molecule; ask for it in the prompt, or of the library", descriptor),
			}
		}
	}
	return nil
}
