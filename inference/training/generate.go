package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/engine/library"
	"github.com/odordiff/odordiff/inference/engine/sampler"
)

// generateRequest is a prompt for one of the engines.
type generateRequest struct {
	Prompt   string   `json:"prompt"`
	Engine   string   `json:"engine"`
	Count    int      `json:"count"`
	Seed     int64    `json:"seed"`
	Guidance *float64 `json:"guidance"`
}

// generateAnswer is what the engine said. It is empty for a prompt that is not
// understood.
type generateAnswer struct {
	SMILES   []string  `json:"smiles"`
	Known    []bool    `json:"known"`
	Nearest  []float64 `json:"nearest"`
	Scores   []float64 `json:"scores"`
	Sampled  int       `json:"sampled"`
	Withheld int       `json:"withheld"`
	Invalid  int       `json:"invalid"`
	// Milliseconds is how long the engine took.
	Milliseconds float64 `json:"ms"`
}

// generate asks the engines for molecules, for the evaluation of what clients
// get. It reads requests and writes answers, one JSON object a line.
func generate(ctx context.Context, in io.Reader, out io.Writer) error {
	retrieval, err := library.New()
	if err != nil {
		return err
	}
	diffusion, err := sampler.New()
	if err != nil {
		return err
	}
	engines := map[string]engine.Engine{retrieval.Name(): retrieval, diffusion.Name(): diffusion}
	return answerLines(in, out, func(r generateRequest) (generateAnswer, error) { return r.ask(ctx, engines) })
}

func (r generateRequest) ask(ctx context.Context, engines map[string]engine.Engine) (generateAnswer, error) {
	e, ok := engines[r.Engine]
	if !ok {
		return generateAnswer{}, errors.New("there is no such engine")
	}
	started := time.Now()
	result, err := e.Generate(ctx, engine.Request{
		Prompt:   r.Prompt,
		Count:    r.Count,
		Seed:     &r.Seed,
		Sampling: engine.Sampling{Guidance: r.Guidance},
	})
	if _, unclear := errors.AsType[*engine.NotUnderstoodError](err); unclear {
		return generateAnswer{}, nil
	}
	if err != nil {
		return generateAnswer{}, err
	}
	a := newGenerateAnswer(result)
	a.Milliseconds = float64(time.Since(started).Microseconds()) / 1000
	return a, nil
}

func newGenerateAnswer(result engine.Result) generateAnswer {
	a := generateAnswer{Sampled: result.Sampled}
	for _, m := range result.Molecules {
		a.SMILES = append(a.SMILES, m.Structure.WithoutStereo().SMILES())
		a.Scores = append(a.Scores, m.Scores.Overall())
		if m.Known != nil {
			a.Known = append(a.Known, m.Known.Training || m.Known.Library)
			a.Nearest = append(a.Nearest, m.Known.Nearest.Similarity)
		}
	}
	for _, w := range result.Withheld {
		a.Withheld += w.Count
		if w.Reason == engine.Invalid {
			a.Invalid += w.Count
		}
	}
	return a
}
