// Package engine defines what answers a scent prompt with molecules, and has two
// such engines: [Diffusion] samples new molecules, [Library] finds known ones.
package engine

import (
	"context"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// Engine answers prompts with molecules. It is safe for concurrent use.
type Engine interface {
	// Name is the engine's name in answers and metrics, such as "library".
	Name() string
	// Generate answers a request. It returns a [*NotUnderstoodError] for a
	// prompt that says nothing to look for, and ctx's error soon after ctx is done.
	Generate(ctx context.Context, request Request) (Result, error)
}

// All returns the built-in engines, the best first.
func All() ([]Engine, error) {
	diffusion, err := NewDiffusion()
	if err != nil {
		return nil, err
	}
	library, err := NewLibrary()
	if err != nil {
		return nil, err
	}
	return []Engine{diffusion, library}, nil
}

// Request is one prompt. The zero value of every field but Count means that
// nothing is asked for there, or the engine's own choice.
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
	// Constraints are what every molecule of the answer has to keep to.
	Constraints Constraints
	// Scaffold is a substructure that every molecule has to contain.
	Scaffold *chem.Molecule
	// Like is a molecule that the answer should resemble.
	Like *chem.Molecule
	// Progress hears of each step of an engine that works in steps, and Emit of
	// each molecule of the answer as soon as it is chosen. Both are called one at a
	// time and may be nil. The answer is the same without them.
	Progress func(Progress)
	Emit     func(Molecule)
}

// Sampling tunes how molecules are sampled. A nil field is the engine's choice.
type Sampling struct {
	// Steps is how many times the model looks at a molecule, 1 to [MaxSteps].
	Steps *int
	// Temperature flattens (over 1) or sharpens (below 1) the model's choices, 0.1 to 2.
	Temperature *float64
	// Guidance is how strongly the prompt pulls: 0 not at all, 1 as trained, at most 5.
	Guidance *float64
}

// MaxSteps is the largest number of steps: that of the longest molecule's tokens.
const MaxSteps = 48

// Constraints are what every molecule of an answer has to keep to.
type Constraints struct {
	// Weight is the average molecular weight in g/mol.
	Weight Range
	// LogP is the octanol-water partition coefficient (Crippen), without unit.
	LogP Range
	// BoilingPoint is the estimated normal boiling point in degrees Celsius.
	// A molecule without an estimate does not keep to a bound.
	BoilingPoint Range
	// Must and MustNot are descriptors of the vocabulary that each molecule has, and has not.
	Must, MustNot []string
	// MinSafety is the smallest safety score, 0 to 1, nil for the default of the
	// safety package. Molecules below it are withheld.
	MinSafety *float64
}

// Range is a closed interval with ends that may be open.
type Range struct {
	// Min and Max are nil where there is no bound.
	Min, Max *float64
}

// Contains tells whether x lies in the interval.
func (r Range) Contains(x float64) bool {
	return (r.Min == nil || x >= *r.Min) && (r.Max == nil || x <= *r.Max)
}

// Bounded tells whether the interval has an end.
func (r Range) Bounded() bool { return r.Min != nil || r.Max != nil }

// Progress says how far an engine is.
type Progress struct {
	// Step counts from 1 within a round, and Steps is the most that there may be; a
	// further round makes up for molecules that did not pass the filters.
	Round, Step, Steps int
	// Unmasked is the share of tokens that are decided, 0 to 1.
	Unmasked float64
}

// Result is the answer to a request.
type Result struct {
	// Interpretation is what the engine understood.
	Interpretation odor.Interpretation
	// Molecules are at most as many as were wanted, the best first. They are
	// fewer where no others fit the request at all.
	Molecules []Molecule
	// Seed is the seed that was used, nil where there is no randomness.
	Seed *int64
	// Sampled is how many texts were sampled, 0 where nothing is sampled.
	Sampled int
	// Withheld counts the molecules that were left out, by reason, the most frequent first.
	Withheld []Withheld
}

// Withheld says why molecules were left out of an answer.
type Withheld struct {
	// Reason is one of "invalid", "duplicate", "safety", "restricted", "constraint", "excluded" (by the
	// prompt) and "irrelevant".
	Reason string
	// Detail says which constraint, which alert or what is excluded, empty where there is nothing to add.
	Detail string
	// Count is how many, at least 1.
	Count int
}

// Molecule is one molecule of an answer.
type Molecule struct {
	Structure *chem.Molecule
	// Name is empty where the molecule has no known name.
	Name string
	// Profile is how it smells: as recorded for a known odorant, as predicted for a new one.
	Profile odor.Profile
	// Note is empty where it is not known.
	Note odor.Note
	// Scores say how well it fits the prompt.
	Scores Scores
	// Source is where it comes from: "library" for a known odorant, "diffusion" for a sampled molecule.
	Source string
	// Known says whether it is new, nil where that was not looked up.
	Known *Known
	// Safety is what the structural alerts say of it.
	Safety safety.Assessment
}

// Known says what is known of a sampled molecule.
type Known struct {
	// Training tells that it is among the molecules that the model was trained
	// on, Library that it is one of the built-in odorants.
	Training, Library bool
	// Nearest is the most similar known odorant.
	Nearest Neighbour
}

// Neighbour is a known odorant that resembles a molecule.
type Neighbour struct {
	Structure *chem.Molecule
	Name      string
	// Similarity is the Tanimoto index of the Morgan fingerprints, 0 to 1.
	Similarity float64
}

// Scores say how well a molecule fits a prompt, each from 0 to 1. How they are
// computed is documented in docs/inference/backend.md.
type Scores struct {
	// Overall is the product of those of the others that apply. Molecules are sorted by it.
	Overall float64
	// Relevance is the share of what was asked for that the molecule has.
	Relevance float64
	// Avoidance is 1 for a molecule without anything that is wanted less.
	Avoidance float64
	// Likeness is the similarity to [Request.Like], as of [Neighbour]. It is 0 where there
	// is none, and does not apply then.
	Likeness float64
	// Accessibility is how easily the molecule could be made, by its synthetic
	// accessibility score. It is 0 for a known odorant, and does not apply then.
	Accessibility float64
}

// NotUnderstoodError says that a prompt names nothing to look for.
type NotUnderstoodError struct {
	// Interpretation is what little was understood.
	Interpretation odor.Interpretation
}

// Error describes the error.
func (e *NotUnderstoodError) Error() string {
	if len(e.Interpretation.Excluded)+len(e.Interpretation.ExcludedOdorants) > 0 {
		return "the prompt only says what is not wanted"
	}
	switch unknown := len(e.Interpretation.Unrecognised); unknown {
	case 0:
		return "the prompt has no scent word"
	case 1:
		return "the prompt has no known scent word (1 unknown word)"
	default:
		return fmt.Sprintf("the prompt has no known scent word (%d unknown words)", unknown)
	}
}
