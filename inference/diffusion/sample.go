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
	// Steps is how many times the network looks at a molecule at most, at least
	// 1. With as many steps as tokens each token is chosen with all earlier
	// ones in view.
	Steps int
	// Temperature divides the logits, above 0.
	Temperature float64
	// Guidance is the weight of the condition's odors: 0 leaves them out, 1
	// takes them as trained, more exaggerates them (at the price of a second
	// pass).
	Guidance float64
	// Nucleus leaves out the least probable tokens beyond this share of
	// probability (Holtzman et al. 2020, arXiv 1904.09751); 1 leaves out none.
	Nucleus float64
	// Confident is the smallest probability at which a token is chosen before
	// its step.
	Confident float64
	// Seed fixes the random choices.
	Seed uint64
	// Width is how many drafts are worked on at once, at least 1. When one is
	// finished, the next begins. It does not change the samples: a small width
	// finishes the first ones early, [AllAtOnce] finishes the last one early.
	Width int
	// Progress, if not nil, is called after each pass through the network, with
	// the number of the pass, the largest number of passes, and the share of
	// tokens that are unmasked.
	Progress func(pass, passes int, unmasked float64)
	// Finished, if not nil, is called with each sample in the order of the
	// tasks, as soon as it and all before it are finished. Its error ends the
	// sampling.
	Finished func(Sample) error
}

// AllAtOnce is the [Settings.Width] that works on all drafts from the start.
const AllAtOnce = math.MaxInt

// DefaultSettings are those that the model was evaluated with
// (docs/model/card.md).
func DefaultSettings() Settings {
	return Settings{Steps: 24, Temperature: 0.8, Guidance: 2.5, Nucleus: 0.98, Confident: 0.95, Width: AllAtOnce}
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
	case s.Width < 1:
		return fmt.Errorf("width %d, want at least 1", s.Width)
	}
	return nil
}

// ErrDeadEnd is the error of a [Sample] that could not be finished: no token
// was allowed at some place.
var ErrDeadEnd = errors.New("no token fits here")

// Task is a draft to be finished, and what it is to become.
type Task struct {
	Draft Draft
	// Condition is not nil. Tasks with the same pointer share what is computed
	// from it.
	Condition *Condition
}

// Sample is one finished draft.
type Sample struct {
	// SMILES is the text, which need not be a molecule that package chem
	// accepts.
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
	s := m.newSampling(tasks, settings)
	passes := s.mostPasses()
	for pass := 1; s.open() > 0; pass++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.pass()
		if settings.Progress != nil {
			settings.Progress(pass, passes, s.unmasked())
		}
		if err := s.deliver(); err != nil {
			return nil, err
		}
	}
	if err := s.deliver(); err != nil { // drafts that had nothing masked
		return nil, err
	}
	return s.samples, nil
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

// sampling is the work on the tasks of one request.
type sampling struct {
	model    *Model
	settings Settings
	decoders []*decoder
	active   []*decoder // those of the pass
	job      *job
	masked   int      // at the beginning
	samples  []Sample // of the first decoders, delivered
}

func (m *Model) newSampling(tasks []Task, settings Settings) *sampling {
	s := &sampling{model: m, settings: settings, job: newJob(nil)}
	type views struct{ guided, free *modulations }
	of := map[*Condition]views{}
	for i, t := range tasks {
		v, known := of[t.Condition]
		if !known {
			// Guidance exaggerates odors. It must not exaggerate figures, which
			// would then miss what was asked for.
			v = views{m.newModulations(*t.Condition), m.newModulations(Condition{Figures: t.Condition.Figures})}
			of[t.Condition] = v
		}
		w := m.newDecoder(t.Draft, settings.Steps, rand.New(rand.NewPCG(settings.Seed, uint64(i)))) //nolint:gosec // sampling is no secret
		if settings.Guidance != 0 {
			w.guided = m.newSequence(w.tokens, v.guided)
		}
		if settings.Guidance != 1 {
			w.free = m.newSequence(w.tokens, v.free)
		}
		s.decoders = append(s.decoders, w)
		s.masked += w.masked
	}
	return s
}

// modulations are those of one condition, by length.
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

// pass runs the first unfinished molecules through the network once and unmasks
// a part of each.
func (s *sampling) pass() {
	s.active, s.job.sequences = s.active[:0], s.job.sequences[:0]
	for _, w := range s.decoders[len(s.samples):] {
		if w.masked == 0 {
			continue
		}
		if len(s.active) == s.settings.Width {
			break
		}
		s.active = append(s.active, w)
		if w.guided != nil {
			s.job.sequences = append(s.job.sequences, w.guided)
		}
		if w.free != nil {
			s.job.sequences = append(s.job.sequences, w.free)
		}
	}
	s.model.batcher.run(s.job)
	for _, w := range s.active {
		w.step(&s.settings)
	}
}

// deliver hands on each sample that is finished, as are all before it.
func (s *sampling) deliver() error {
	for _, w := range s.decoders[len(s.samples):] {
		if w.masked > 0 {
			return nil
		}
		sample := Sample{SMILES: s.model.text(w.draft, w.tokens), Err: w.err}
		s.samples = append(s.samples, sample)
		if s.settings.Finished == nil {
			continue
		}
		if err := s.settings.Finished(sample); err != nil {
			return err
		}
	}
	return nil
}

// mostPasses is the largest number of passes that the molecules may take: one
// for each step of those that share passes.
func (s *sampling) mostPasses() int {
	width := max(1, min(s.open(), s.settings.Width))
	return (s.open() + width - 1) / width * s.settings.Steps
}

// open counts the molecules that have masked tokens.
func (s *sampling) open() int {
	n := 0
	for _, w := range s.decoders {
		if w.masked > 0 {
			n++
		}
	}
	return n
}

func (s *sampling) unmasked() float64 {
	if s.masked == 0 {
		return 1
	}
	left := 0
	for _, w := range s.decoders {
		left += w.masked
	}
	return 1 - float64(left)/float64(s.masked)
}
