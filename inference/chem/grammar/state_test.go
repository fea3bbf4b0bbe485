package grammar

import (
	"slices"
	"strings"
	"testing"
)

func TestPushSaysWhatIsWrong(t *testing.T) {
	g := mustNew(t, append(slices.Clone(organic), ".", ":", "%10"))
	for text, want := range map[string]string{
		"=C":        "no atom before it",
		"C==C":      "a bond waits",
		"CF=C":      "too many bonds",
		"C()":       "branch is empty",
		"C)":        "no branch is open",
		"C1C1":      "fewer than three atoms",
		"C=1CC-1":   "another symbol",
		"C(C1)C1":   "not closed in it",
		"C(C)1CC1":  "directly after their atom",
		"cC":        "in no ring",
		"c1cc(c)":   "in no ring",
		"c1cccc1C":  "no Kekulé form",
		"c1ccccc1c": "written '-'",
		"C:C":       "cannot stand here",
		"C(.C)":     "is open",
		"C%10C%10":  "fewer than three atoms",
	} {
		state := g.Start()
		err := push(t, &state, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	state := g.Start()
	for _, id := range []int{-1, g.Size(), slices.Index(g.words, "<mask>")} {
		if state.Push(id) == nil {
			t.Errorf("token %d was accepted", id)
		}
	}
}

func TestARefusedPushChangesNothing(t *testing.T) {
	g := mustNew(t, append(slices.Clone(organic), "[Na+]"))
	state := g.Start()
	if err := push(t, &state, "c1cccc"); err != nil {
		t.Fatal(err)
	}
	before := state
	if push(t, &state, "[Na+]") == nil {
		t.Fatal("sodium ions have no bonds")
	}
	if state != before {
		t.Error("the state changed")
	}
	if err := push(t, &state, "c1"); err != nil || !state.Complete() {
		t.Errorf("%v, complete: %v", err, state.Complete())
	}
}

func TestAnAssignedStateIsACopy(t *testing.T) {
	g := mustNew(t, organic)
	first := g.Start()
	if err := push(t, &first, "C1CC"); err != nil {
		t.Fatal(err)
	}
	second := first
	if err := push(t, &second, "1"); err != nil {
		t.Fatal(err)
	}
	if first.Complete() || !second.Complete() {
		t.Error("the copies are not independent")
	}
}

func TestDotsSeparateCompleteParts(t *testing.T) {
	g := mustNew(t, append(slices.Clone(organic), "."))
	state := g.Start()
	if err := push(t, &state, "C1CC1."); err != nil {
		t.Fatal(err)
	}
	if state.Complete() {
		t.Error("nothing follows the dot")
	}
	if words := allowedWords(&state, 1); !slices.Contains(words, "O") || slices.Contains(words, ".") {
		t.Errorf("allowed: %q", words)
	}
}

func TestFeasibleLengths(t *testing.T) {
	g := mustNew(t, organic)
	for _, test := range []struct {
		prefix   string
		shortest int
		// only reports whether no longer completion exists.
		only bool
	}{
		{"C", 0, false},
		{"CF", 0, true},
		{"C(F)(F)(F)(F", 1, true},
		{"C1CC", 1, false},
		{"C1C", 2, false},
		{"C12", 5, false}, // C1CC12 is no molecule: C, C1, C2
		{"c", 4, false},
		{"c1cccc", 2, false},
		{"CC=", 1, false},
		{"CC(", 2, false},
		{"O=c", 4, false}, // O=c1CC1
	} {
		state := g.Start()
		if err := push(t, &state, test.prefix); err != nil {
			t.Fatal(err)
		}
		for n := range 12 {
			want := n == test.shortest || n > test.shortest && !test.only
			if got := state.Feasible(n); got != want {
				t.Errorf("%s with %d more: feasible is %v", test.prefix, n, got)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	g := mustNew(t, organic)
	ids := idsOf(t, g, benchmarkTexts["quinoline"])
	allowed := make([]bool, g.Size())
	allocations := testing.AllocsPerRun(10, func() {
		state := g.Start()
		for i, id := range ids {
			state.Allowed(len(ids)-i, allowed)
			if err := state.Push(id); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestVocabularyMustHaveCarbon(t *testing.T) {
	for _, words := range [][]string{nil, {"N", "O"}, {"C", "n", "=", "1"}, {"C", "c", "n", "1"}} {
		if _, err := New(words); err == nil {
			t.Errorf("%q was accepted", words)
		}
	}
}
