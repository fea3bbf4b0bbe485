package sampler

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

func TestAMoleculeIsAskedForAFewOfManyLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := aim{wanted: rapid.SliceOfN(rapid.SampledFrom([]float32{0, 0, 0.4, 1, 1.5}), 1, 20).Draw(t, "wanted")}
		a.whole = &diffusion.Condition{Wanted: a.wanted}
		condition := a.condition(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		asked := 0
		for i, w := range condition.Wanted {
			if w == 0 {
				continue
			}
			asked++
			if w != a.wanted[i] {
				t.Fatalf("label %d has the weight %g, wanted is %g", i, w, a.wanted[i])
			}
		}
		if want := min(len(a.labels()), together); asked != want {
			t.Fatalf("asked for %d labels of %d, want %d", asked, len(a.labels()), want)
		}
	})
}

func TestWhatIsWantedMoreIsAskedForMoreOften(t *testing.T) {
	a := aim{wanted: []float32{2, 1, 1, 1, 0.4}}
	rng := rand.New(rand.NewPCG(1, 1))
	times := make([]int, len(a.wanted))
	for range 2000 {
		for i, w := range a.condition(rng).Wanted {
			if w > 0 {
				times[i]++
			}
		}
	}
	if times[0] <= times[1] || times[4] >= times[1] || slices.Contains(times, 0) {
		t.Errorf("asked for %v times", times)
	}
}

func TestOneNoteAimsAtItsBoilingPoints(t *testing.T) {
	for _, c := range []struct {
		notes    []odor.Note
		min, max bool
	}{
		{nil, false, false},
		{[]odor.Note{odor.Top}, false, true},
		{[]odor.Note{odor.Heart}, true, true},
		{[]odor.Note{odor.Base}, true, false},
		{[]odor.Note{odor.Top, odor.Base}, false, false},
	} {
		got := inRangeOf(c.notes, engine.Constraints{}).BoilingPoint
		if (got.Min != nil) != c.min || (got.Max != nil) != c.max {
			t.Errorf("%v: %+v", c.notes, got)
		}
	}
	own := engine.Constraints{BoilingPoint: engine.Range{Max: new(100.0)}}
	if got := inRangeOf([]odor.Note{odor.Base}, own); got.BoilingPoint != own.BoilingPoint {
		t.Errorf("the request's own range becomes %+v", got.BoilingPoint)
	}
}
