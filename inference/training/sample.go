package main

import (
	"context"
	"io"
	"math/rand/v2"

	"github.com/odordiff/odordiff/inference/diffusion"
)

// sampleRequest is what to sample.
type sampleRequest struct {
	Labels  map[string]float32 `json:"labels"`
	Figures map[string]float64 `json:"figures"`
	Count   int                `json:"count"`
	Seed    uint64             `json:"seed"`
	// The rest defaults to what the engine does.
	Steps       int      `json:"steps"`
	Temperature float64  `json:"temperature"`
	Guidance    *float64 `json:"guidance"`
	Nucleus     float64  `json:"nucleus"`
	Confident   float64  `json:"confident"`
}

type sampleAnswer struct {
	SMILES []string `json:"smiles"`
}

// sample asks the bare diffusion model for texts, before any check, for the
// evaluation of the model by itself. It reads requests and writes answers, one
// JSON object a line.
func sample(ctx context.Context, in io.Reader, out io.Writer) error {
	model, err := diffusion.Default()
	if err != nil {
		return err
	}
	return answerLines(in, out, func(r sampleRequest) (sampleAnswer, error) {
		texts, err := r.sample(ctx, model)
		return sampleAnswer{SMILES: texts}, err
	})
}

// sample returns a text for each molecule asked for, empty for a draft that
// could not be finished.
func (r sampleRequest) sample(ctx context.Context, model *diffusion.Model) ([]string, error) {
	condition := &diffusion.Condition{Figures: r.Figures, Wanted: make([]float32, len(model.Labels()))}
	for i, label := range model.Labels() {
		condition.Wanted[i] = r.Labels[label]
	}
	rng := rand.New(rand.NewPCG(r.Seed, 0)) //nolint:gosec // sampling is no secret
	tasks, err := model.Blanks(rng, condition, r.Count)
	if err != nil {
		return nil, err
	}
	samples, err := model.Sample(ctx, tasks, r.settings())
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(samples))
	for i, s := range samples {
		if s.Err == nil {
			texts[i] = s.SMILES
		}
	}
	return texts, nil
}

func (r sampleRequest) settings() diffusion.Settings {
	s := diffusion.DefaultSettings()
	s.Seed = r.Seed
	if r.Steps > 0 {
		s.Steps = r.Steps
	}
	if r.Temperature > 0 {
		s.Temperature = r.Temperature
	}
	if r.Guidance != nil {
		s.Guidance = *r.Guidance
	}
	if r.Nucleus > 0 {
		s.Nucleus = r.Nucleus
	}
	if r.Confident > 0 {
		s.Confident = r.Confident
	}
	return s
}
