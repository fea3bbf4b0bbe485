// Package engine is the contract between whoever asks for molecules and the
// engines that answer: a [Request], its [Result], and what every engine needs
// to keep to it. [Understand] reads the prompt, [Filter] checks the molecules
// and [Index] knows the odorants that are on record. The engines themselves are
// packages library, which finds known odorants, and sampler, which makes new
// molecules.
package engine

import (
	"context"

	"github.com/odordiff/odordiff/inference/chem"
)

// Engine answers prompts with molecules. It is safe for concurrent use.
type Engine interface {
	// Name is the engine's name in answers and metrics, such as "library".
	Name() string
	// Generate answers a request. It returns a [*NotUnderstoodError] for a
	// prompt that says nothing to look for, an [*UnsuitableError] for a part of
	// the request that the engine cannot use, and ctx's error soon after ctx is
	// done.
	Generate(ctx context.Context, request Request) (Result, error)
}

// Request is one prompt. The zero value of every field but Count asks for
// nothing, or leaves the choice to the engine.
type Request struct {
	// Prompt is the scent in words. It may be empty where Constraints.Must,
	// Like or Scaffold say what to look for.
	Prompt string
	// Count is how many molecules are wanted, at least 1.
	Count int
	// Seed fixes the randomness of an engine that has any: the same request
	// with the same seed has the same answer.
	Seed *int64
	// Sampling tunes an engine that samples.
	Sampling Sampling
	// Constraints bind every molecule of the answer.
	Constraints Constraints
	// Scaffold is a substructure that every molecule has to contain.
	Scaffold *chem.Molecule
	// Like is a molecule that the answer should resemble.
	Like *chem.Molecule
	// Progress is called after each step of an engine that works in steps, and
	// Emit with each molecule of the answer as soon as it is chosen. Both are
	// called one at a time and may be nil. The answer is the same without them.
	Progress func(Progress)
	Emit     func(Molecule)
}

// Sampling tunes how molecules are sampled. A nil field is the engine's choice.
type Sampling struct {
	// Steps is how many times the model looks at a molecule, 1 to [MaxSteps].
	Steps *int
	// Temperature flattens (over 1) or sharpens (below 1) the model's choices,
	// 0.1 to 2.
	Temperature *float64
	// Guidance is how strongly the prompt pulls: 0 not at all, 1 as trained, at
	// most 5.
	Guidance *float64
}

// MaxSteps is the largest number of steps: that of the longest molecule's
// tokens.
const MaxSteps = 48

// Constraints bind every molecule of an answer.
type Constraints struct {
	// Weight is the average molecular weight in g/mol.
	Weight Range
	// LogP is the octanol-water partition coefficient (Crippen), without unit.
	LogP Range
	// BoilingPoint is the estimated normal boiling point in degrees Celsius.
	// A molecule without an estimate breaks any bound.
	BoilingPoint Range
	// Must and MustNot are descriptors of the vocabulary that each molecule
	// has, and does not have.
	Must, MustNot []string
	// MinSafety is the smallest safety score, 0 to 1, nil for the default of
	// the safety package. Molecules below it are withheld.
	MinSafety *float64
}

// Range is a closed interval with ends that may be open.
type Range struct {
	// Min and Max are nil where there is no bound.
	Min, Max *float64
}

// Contains reports whether x lies in the interval.
func (r Range) Contains(x float64) bool {
	return (r.Min == nil || x >= *r.Min) && (r.Max == nil || x <= *r.Max)
}

// Bounded reports whether the interval has an end.
func (r Range) Bounded() bool { return r.Min != nil || r.Max != nil }

// Progress says how far an engine is.
type Progress struct {
	// Step counts from 1 within a round, and Steps is the largest number of
	// them. A further round makes up for molecules that did not pass the
	// filters.
	Round, Step, Steps int
	// Unmasked is the share of tokens that are decided, 0 to 1.
	Unmasked float64
}
