package mmr_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/mmr"
)

type wine struct {
	name   string
	points float64
	grape  string
}

func sameGrape(a, b wine) float64 {
	if a.grape == b.grape {
		return 1
	}
	return 0
}

// Of two wines of one grape the second counts half.
func Example() {
	selection := mmr.New(func(w wine, alike float64) float64 { return w.points * (1 - alike/2) }, sameGrape)
	for _, w := range []wine{{"Chablis", 95, "Chardonnay"}, {"Meursault", 94, "Chardonnay"}, {"Barolo", 90, "Nebbiolo"}} {
		selection.Add(w)
	}
	for range 2 {
		if w, ok := selection.Next(nil); ok {
			fmt.Println(w.name)
		}
	}
	// Output:
	// Chablis
	// Barolo
}

// item has a place on a line: items are the more alike the nearer they are.
type item struct {
	at    int
	worth float64
}

const (
	length   = 10
	sameness = 0.5
)

func alike(a, b item) float64 { return 1 - float64(max(a.at-b.at, b.at-a.at))/length }

func worth(i item, alike float64) float64 { return i.worth * (1 - sameness*alike) }

func TestEachChoiceIsTheBestOfThoseThatAreLeft(t *testing.T) {
	items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) item {
		return item{rapid.IntRange(0, length).Draw(t, "at"), float64(rapid.IntRange(1, 8).Draw(t, "worth"))}
	}), 1, 20)
	rapid.Check(t, func(t *rapid.T) {
		left := items.Draw(t, "items")
		selection := mmr.New(worth, alike)
		for _, i := range left {
			selection.Add(i)
		}
		for len(left) > 0 {
			best := bestOf(left, selection.Chosen())
			got, ok := selection.Next(nil)
			if !ok || got != left[best] {
				t.Fatalf("chose %v, want %v of %v", got, left[best], left)
			}
			left = slices.Delete(slices.Clone(left), best, best+1)
		}
		if got, ok := selection.Next(nil); ok {
			t.Fatalf("chose %v where nothing is left", got)
		}
	})
}

// bestOf compares every item with every chosen one.
func bestOf(left, chosen []item) int {
	best, most := 0, -1.0
	for i, it := range left {
		nearest := 0.0
		for _, c := range chosen {
			nearest = max(nearest, alike(it, c))
		}
		if w := worth(it, nearest); w > most {
			best, most = i, w
		}
	}
	return best
}

func TestOnlyEligibleItemsAreChosen(t *testing.T) {
	selection := mmr.New(worth, alike)
	selection.Add(item{1, 9})
	selection.Add(item{2, 5})
	even := func(i item) bool { return i.at%2 == 0 }
	if got, ok := selection.Next(even); !ok || got.at != 2 {
		t.Errorf("chose %v, %t", got, ok)
	}
	if got, ok := selection.Next(even); ok {
		t.Errorf("chose %v, which is not eligible", got)
	}
	if got, ok := selection.Next(nil); !ok || got.at != 1 {
		t.Errorf("then chose %v, %t", got, ok)
	}
}

func TestOverlapIsTheWeightedJaccardIndex(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
		ok   bool
	}{
		{"the same", []float64{1, 0.5}, []float64{1, 0.5}, 1, true},
		{"nothing in common", []float64{1, 0}, []float64{0, 1}, 0, true},
		{"half", []float64{1, 0}, []float64{0.5, 0}, 0.5, true},
		{"nothing at all", []float64{0, 0}, []float64{0, 0}, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := mmr.Overlap(tt.a, tt.b); got != tt.want || ok != tt.ok {
				t.Errorf("got %g, %t, want %g, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}
