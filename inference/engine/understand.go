package engine

import (
	"context"
	"slices"

	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/internal/tracing"
)

// Understand returns the smells that a request asks for in its prompt and its
// constraints. It returns a [*NotUnderstoodError] where neither they nor a
// given molecule say what to look for.
func Understand(ctx context.Context, interpreter *odor.Interpreter, request Request) (odor.Interpretation, error) {
	_, span := tracing.Start(ctx, "interpret")
	defer span.End()
	interpretation := constrain(interpreter.Interpret(request.Prompt), request.Constraints)
	if !interpretation.Understood() && request.Like == nil && request.Scaffold == nil {
		return odor.Interpretation{}, &NotUnderstoodError{Interpretation: interpretation}
	}
	return interpretation, nil
}

// constrain adds what the constraints say of smells to what was understood of
// the prompt: a descriptor that must be there is wanted with the weight of a
// plain mention at least, one that must not be there is excluded.
func constrain(i odor.Interpretation, c Constraints) odor.Interpretation {
	i.Descriptors, i.Excluded = slices.Clone(i.Descriptors), slices.Clone(i.Excluded)
	for _, descriptor := range c.Must {
		want(&i, descriptor)
	}
	for _, descriptor := range c.MustNot {
		exclude(&i, descriptor)
	}
	return i
}

func want(i *odor.Interpretation, descriptor string) {
	at := slices.IndexFunc(i.Descriptors, func(w odor.Wanted) bool { return w.Descriptor == descriptor })
	if at < 0 {
		i.Descriptors = append(i.Descriptors, odor.Wanted{Descriptor: descriptor, Weight: 1})
		return
	}
	i.Descriptors[at].Weight = max(1, i.Descriptors[at].Weight)
}

func exclude(i *odor.Interpretation, descriptor string) {
	at := slices.IndexFunc(i.Excluded, func(w odor.Weighted) bool { return w.Descriptor == descriptor })
	if at < 0 {
		i.Excluded = append(i.Excluded, odor.Weighted{Descriptor: descriptor, Weight: 1})
		return
	}
	i.Excluded[at].Weight = 1
}
