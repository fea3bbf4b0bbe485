package engine

import (
	"slices"
	"testing"
)

func TestTallyHasTheMostFrequentFirst(t *testing.T) {
	counts := Tally{}
	for range 2 {
		counts.Add(Withheld{Reason: Constraint, Detail: "logp", Count: 1})
	}
	counts.Add(Withheld{Reason: Duplicate, Count: 3})
	counts.Add(Withheld{Reason: Constraint, Detail: "must", Count: 2})
	want := []Withheld{{Duplicate, "", 3}, {Constraint, "logp", 2}, {Constraint, "must", 2}}
	if got := counts.List(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
