package engine

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/safety"
)

// screenSeeds refuses to look for what resembles or contains a hazard: its
// nearest relatives are no answer either. It returns an [*UnsuitableError].
func screenSeeds(request Request) error {
	if request.Like != nil {
		if f, ok := safety.Assess(request.Like).Hazard(); ok {
			return refusedSeed("like", f)
		}
	}
	if request.Scaffold != nil {
		if f, ok := safety.ScaffoldHazard(request.Scaffold); ok {
			return refusedSeed("scaffold", f)
		}
	}
	return nil
}

func refusedSeed(field string, f safety.Finding) error {
	return &UnsuitableError{Field: field, Err: fmt.Errorf("the safety screen refuses it: %s", f.Title)}
}
