package engine

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/odor"
)

// NotUnderstoodError says that a prompt names nothing to look for.
type NotUnderstoodError struct {
	// Interpretation is what was understood nevertheless.
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

// UnsuitableError says that an engine cannot use a part of the request.
type UnsuitableError struct {
	// Field is the request's field: "scaffold", "like", or a descriptor such as
	// "constraints/must/0".
	Field string
	// Err says why.
	Err error
}

// Error describes the error.
func (e *UnsuitableError) Error() string { return fmt.Sprintf("%s: %v", e.Field, e.Err) }

// Unwrap returns why the field cannot be used.
func (e *UnsuitableError) Unwrap() error { return e.Err }
