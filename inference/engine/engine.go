// Package engine defines what answers a scent prompt with molecules, and its
// first implementation, [Library].
package engine

import (
	"context"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
)

// Engine answers prompts with molecules. It is safe for concurrent use.
type Engine interface {
	// Name is the engine's name in answers and metrics, such as "library".
	Name() string
	// Generate answers a request. It returns a [*NotUnderstoodError] for a
	// prompt that says nothing to look for, and ctx's error soon after ctx is done.
	Generate(ctx context.Context, request Request) (Result, error)
}

// Request is one prompt. The zero value of every field but Prompt and Count
// means the engine's own choice, so that fields can be added for engines that
// have more to choose from.
type Request struct {
	// Prompt is the scent in words.
	Prompt string
	// Count is how many molecules are wanted, at least 1.
	Count int
	// Seed fixes the randomness of an engine that has any.
	Seed *int64
}

// Result is the answer to a request.
type Result struct {
	// Interpretation is what the engine understood.
	Interpretation odor.Interpretation
	// Molecules are at most as many as were wanted, the best first. They are
	// fewer where no others fit the prompt at all.
	Molecules []Molecule
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
	// Source is where it comes from: "library" for a known odorant.
	Source string
}

// Scores say how well a molecule fits a prompt, each from 0 to 1. How they are
// computed is documented in docs/inference.md.
type Scores struct {
	// Overall is the product of the others. Molecules are sorted by it.
	Overall float64
	// Relevance is the share of what was asked for that the molecule has.
	Relevance float64
	// Avoidance is 1 for a molecule without anything that is wanted less.
	Avoidance float64
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
	return fmt.Sprintf("the prompt has no known scent word (%d unknown words)", len(e.Interpretation.Unrecognised))
}
