// Command generate asks the engines for molecules, for the evaluation of what
// clients get. It reads requests and writes answers, one JSON object a line.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/training/lines"
)

// request is a prompt for one of the engines.
type request struct {
	Prompt   string   `json:"prompt"`
	Engine   string   `json:"engine"`
	Count    int      `json:"count"`
	Seed     int64    `json:"seed"`
	Guidance *float64 `json:"guidance"`
}

// answer is what the engine said. NotUnderstood leaves it empty.
type answer struct {
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

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	engines, err := load()
	if err != nil {
		return err
	}
	return lines.Answer(os.Stdin, os.Stdout, func(r request) (answer, error) { return ask(ctx, engines, r) })
}

func load() (map[string]engine.Engine, error) {
	library, err := engine.NewLibrary()
	if err != nil {
		return nil, err
	}
	diffusion, err := engine.NewDiffusion()
	if err != nil {
		return nil, err
	}
	return map[string]engine.Engine{library.Name(): library, diffusion.Name(): diffusion}, nil
}

func ask(ctx context.Context, engines map[string]engine.Engine, r request) (answer, error) {
	e, ok := engines[r.Engine]
	if !ok {
		return answer{}, errors.New("there is no such engine")
	}
	started := time.Now()
	result, err := e.Generate(ctx, engine.Request{
		Prompt:   r.Prompt,
		Count:    r.Count,
		Seed:     &r.Seed,
		Sampling: engine.Sampling{Guidance: r.Guidance},
	})
	if unclear := (*engine.NotUnderstoodError)(nil); errors.As(err, &unclear) {
		return answer{}, nil
	}
	if err != nil {
		return answer{}, err
	}
	a := newAnswer(result)
	a.Milliseconds = float64(time.Since(started).Microseconds()) / 1000
	return a, nil
}

func newAnswer(result engine.Result) answer {
	a := answer{Sampled: result.Sampled}
	for _, m := range result.Molecules {
		a.SMILES = append(a.SMILES, m.Structure.WithoutStereo().SMILES())
		a.Scores = append(a.Scores, m.Scores.Overall)
		if m.Known != nil {
			a.Known = append(a.Known, m.Known.Training || m.Known.Library)
			a.Nearest = append(a.Nearest, m.Known.Nearest.Similarity)
		}
	}
	for _, w := range result.Withheld {
		a.Withheld += w.Count
		if w.Reason == "invalid" {
			a.Invalid += w.Count
		}
	}
	return a
}
