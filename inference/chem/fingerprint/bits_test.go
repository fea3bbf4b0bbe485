package fingerprint

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// RDKit 2022.09: DataStructs.TanimotoSimilarity of the molecules' Morgan
// fingerprints of radius 2 in 2048 bits.
func TestSimilarityIsThatOfRDKit(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"O=Cc1ccc(O)c(OC)c1", "O=Cc1ccc(O)c(OCC)c1", 0.65625},
		{"CC(C)=CCCC(C)=CCO", "CC(C)=CCCC(C)(O)C=C", 0.3225806451612903},
		{"CCCCCCCC=O", "CCCCCCCCCC=O", 1.0},
		{"c1ccccc1", "CCO", 0.0},
	} {
		a, b := Morgan(chemtest.Parse(t, c.a), 2).Bits(), Morgan(chemtest.Parse(t, c.b), 2).Bits()
		if got := Tanimoto(&a, &b); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestEmptyBitsHaveNothingInCommon(t *testing.T) {
	if got := Tanimoto(&Bits{}, &Bits{}); got != 0 {
		t.Errorf("similarity %v", got)
	}
}

func randomBits(random *rand.Rand) Bits {
	var b Bits
	for range random.IntN(60) {
		i := random.IntN(256) // few enough that some are shared
		b[i/64] |= 1 << (i % 64)
	}
	return b
}

func TestSearchFindsWhatComparingAllFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	set := NewSet(nil)
	var all []Bits
	for range 300 {
		all = append(all, randomBits(random))
		set.Add(all[len(all)-1])
	}
	for range 50 {
		query := randomBits(random)
		want := make([]Match, len(all))
		for i := range all {
			want[i] = Match{i, Tanimoto(&query, &all[i])}
		}
		slices.SortFunc(want, better)
		for _, k := range []int{1, 7, len(all), len(all) + 1} {
			if got := set.Search(&query, k); !slices.Equal(got, want[:min(k, len(all))]) {
				t.Fatalf("the %d nearest are %v, want %v", k, got, want[:min(k, len(all))])
			}
		}
		if got, ok := set.Nearest(&query); !ok || got != want[0] {
			t.Fatalf("the nearest is %v, want %v", got, want[0])
		}
	}
}

func TestEmptySetHasNothingNear(t *testing.T) {
	set := NewSet(nil)
	if _, ok := set.Nearest(&Bits{1}); ok || set.Len() != 0 {
		t.Error("something is in an empty set")
	}
	if got := NewSet([]Bits{{1}}).Search(&Bits{1}, 0); got != nil {
		t.Errorf("the 0 nearest are %v", got)
	}
}

func BenchmarkNearestOf8000(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	set := NewSet(nil)
	for range 8000 {
		set.Add(randomBits(random))
	}
	query := randomBits(random)
	for b.Loop() {
		set.Nearest(&query)
	}
}
