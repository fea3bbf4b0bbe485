package diffusion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Settings tune the sampling.
type Settings struct {
	// Steps is how many times the network looks at a molecule, at least 1. With as many
	// steps as tokens each token is chosen with all earlier ones in view.
	Steps int
	// Temperature divides the logits, above 0.
	Temperature float64
	// Guidance is the weight of the condition's odors: 0 leaves them out, 1 takes
	// them as trained, more exaggerates them (at the price of a second pass).
	Guidance float64
	// Nucleus leaves out the least probable tokens beyond this share of
	// probability (Holtzman et al. 2020, arXiv 1904.09751); 1 leaves out none.
	Nucleus float64
	// Confident is the probability from which on a token is chosen ahead of its step.
	Confident float64
	// Seed makes the choices.
	Seed uint64
	// Progress, if not nil, hears of each step and the share of tokens that are unmasked.
	Progress func(step, steps int, unmasked float64)
}

// DefaultSettings are those that the model was evaluated with (docs/model-card.md).
func DefaultSettings() Settings {
	return Settings{Steps: 24, Temperature: 0.8, Guidance: 2.5, Nucleus: 0.98, Confident: 0.95}
}

func (s Settings) check() error {
	switch {
	case s.Steps < 1:
		return fmt.Errorf("%d steps, want at least 1", s.Steps)
	case !(s.Temperature > 0 && s.Temperature < math.Inf(1)):
		return fmt.Errorf("temperature %g, want more than 0", s.Temperature)
	case !(s.Guidance >= 0 && s.Guidance < math.Inf(1)):
		return fmt.Errorf("guidance %g, want 0 or more", s.Guidance)
	case !(s.Confident >= 0):
		return fmt.Errorf("confident from %g on, want 0 or more", s.Confident)
	case !(s.Nucleus > 0 && s.Nucleus <= 1):
		return fmt.Errorf("nucleus %g, want more than 0 and up to 1", s.Nucleus)
	}
	return nil
}

// ErrDeadEnd is the error of a [Sample] that could not be finished: no token was allowed at some place.
var ErrDeadEnd = errors.New("no token fits here")

// Task is a draft to be finished, and what it is to become.
type Task struct {
	Draft Draft
	// Condition is not nil. What has to be worked out of a condition is worked out once
	// for all tasks with the same pointer.
	Condition *Condition
}

// Sample is one finished draft.
type Sample struct {
	// SMILES is the text, which need not be a molecule that package chem accepts.
	SMILES string
	// Err is not nil where the draft could not be finished.
	Err error
}

// Sample fills the masked tokens of drafts, from left to right. The same tasks
// and settings give the same samples, whatever else is being sampled. It fails
// soon after ctx is done.
func (m *Model) Sample(ctx context.Context, tasks []Task, settings Settings) ([]Sample, error) {
	if err := settings.check(); err != nil {
		return nil, fmt.Errorf("sampling: %w", err)
	}
	b := m.newBatch(tasks, settings)
	for step := 1; step <= settings.Steps && b.open() > 0; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.step(settings.Steps - step + 1)
		if settings.Progress != nil {
			settings.Progress(step, settings.Steps, b.unmasked())
		}
	}
	samples := make([]Sample, len(tasks))
	for i, w := range b.walkers {
		samples[i] = Sample{SMILES: m.text(w.draft, w.tokens), Err: w.err}
	}
	return samples, nil
}

// Lengths returns the probability of each number of tokens, from 0 to
// [Model.MaxTokens], of molecules that a condition describes.
func (m *Model) Lengths(condition Condition) []float64 {
	logits := m.network.lengths(m.info.vector(condition))
	out := make([]float64, len(logits))
	highest, sum := slices.Max(logits), 0.0
	for i, l := range logits {
		out[i] = math.Exp(float64(l - highest))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// batch is the molecules of one request.
type batch struct {
	model    *Model
	settings Settings
	walkers  []*walker
	job      *job
	masked   int // at the beginning
}

func (m *Model) newBatch(tasks []Task, settings Settings) *batch {
	b := &batch{model: m, settings: settings, job: newJob(nil)}
	type views struct{ guided, free *modulations }
	of := map[*Condition]views{}
	for i, t := range tasks {
		v, known := of[t.Condition]
		if !known {
			// Guidance exaggerates odors. Exaggerated figures would miss what was asked for.
			v = views{m.newModulations(*t.Condition), m.newModulations(Condition{Figures: t.Condition.Figures})}
			of[t.Condition] = v
		}
		w := m.newWalker(t.Draft, rand.New(rand.NewPCG(settings.Seed, uint64(i)))) //nolint:gosec // sampling is no secret
		if settings.Guidance != 0 {
			w.guided = m.newSequence(w.tokens, v.guided)
		}
		if settings.Guidance != 1 {
			w.free = m.newSequence(w.tokens, v.free)
		}
		b.walkers = append(b.walkers, w)
		b.masked += w.masked
	}
	return b
}

// modulations keeps those of one condition by length.
type modulations struct {
	network   *network
	condition []float32
	of        map[int][]float32
}

func (m *Model) newModulations(c Condition) *modulations {
	return &modulations{network: m.network, condition: m.info.vector(c), of: map[int][]float32{}}
}

func (m *modulations) get(length int) []float32 {
	if _, known := m.of[length]; !known {
		m.of[length] = m.network.modulate(m.condition, length)
	}
	return m.of[length]
}

func (m *Model) newSequence(tokens []uint8, condition *modulations) *sequence {
	return &sequence{
		tokens:     tokens,
		modulation: condition.get(len(tokens)),
		logits:     make([]float32, len(tokens)*m.info.Shape.Tokens),
	}
}

// step looks at all unfinished molecules once and unmasks a part of each.
func (b *batch) step(left int) {
	b.job.sequences = b.job.sequences[:0]
	for _, w := range b.walkers {
		if w.masked == 0 {
			continue
		}
		if w.guided != nil {
			b.job.sequences = append(b.job.sequences, w.guided)
		}
		if w.free != nil {
			b.job.sequences = append(b.job.sequences, w.free)
		}
	}
	b.model.batcher.run(b.job)
	for _, w := range b.walkers {
		if w.masked > 0 {
			w.unmask(&b.settings, (w.masked+left-1)/left)
		}
	}
}

// open counts the molecules that have masked tokens.
func (b *batch) open() int {
	n := 0
	for _, w := range b.walkers {
		if w.masked > 0 {
			n++
		}
	}
	return n
}

func (b *batch) unmasked() float64 {
	if b.masked == 0 {
		return 1
	}
	left := 0
	for _, w := range b.walkers {
		left += w.masked
	}
	return 1 - float64(left)/float64(b.masked)
}
