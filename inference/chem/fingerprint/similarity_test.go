package fingerprint

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSimilarityOfCounts(t *testing.T) {
	for name, c := range map[string]struct {
		a, b Sparse
		want float64
	}{
		"equal":            {Sparse{{1, 2}, {5, 1}}, Sparse{{1, 2}, {5, 1}}, 1},
		"nothing shared":   {Sparse{{1, 2}}, Sparse{{2, 1}}, 0},
		"part of a count":  {Sparse{{1, 4}}, Sparse{{1, 1}}, 0.25},
		"some shared":      {Sparse{{1, 2}, {3, 1}}, Sparse{{1, 1}, {4, 1}}, 0.25},
		"one is empty":     {Sparse{{1, 2}}, nil, 0},
		"both are empty":   {nil, nil, 0},
		"one is contained": {Sparse{{1, 1}, {2, 1}, {3, 1}, {4, 1}}, Sparse{{2, 1}}, 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.a.Similarity(c.b); got != c.want {
				t.Errorf("similarity %v, want %v", got, c.want)
			}
			if got := c.b.Similarity(c.a); got != c.want {
				t.Errorf("the other way round %v, want %v", got, c.want)
			}
		})
	}
}

// RDKit 2022.09: DataStructs.TanimotoSimilarity of the molecules' Morgan
// fingerprints of radius 2, as 2048 bits and as counts.
func TestSimilarityIsThatOfRDKit(t *testing.T) {
	for _, c := range []struct {
		a, b         string
		bits, counts float64
	}{
		{"O=Cc1ccc(O)c(OC)c1", "O=Cc1ccc(O)c(OCC)c1", 0.65625, 0.7027027027027027},
		{"CC(C)=CCCC(C)=CCO", "CC(C)=CCCC(C)(O)C=C", 0.3225806451612903, 0.3902439024390244},
		{"CCCCCCCC=O", "CCCCCCCCCC=O", 1.0, 0.8064516129032258},
		{"c1ccccc1", "CCO", 0.0, 0.0},
	} {
		a, b := Morgan(parse(t, c.a), 2), Morgan(parse(t, c.b), 2)
		x, y := a.Bits(), b.Bits()
		if got := Tanimoto(&x, &y); math.Abs(got-c.bits) > 1e-9 {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.bits)
		}
		if got := a.Similarity(b); math.Abs(got-c.counts) > 1e-9 {
			t.Errorf("counts of %s and %s: %v, want %v", c.a, c.b, got, c.counts)
		}
	}
}

func TestEmptyBitsHaveNothingInCommon(t *testing.T) {
	if got := Tanimoto(&Bits{}, &Bits{}); got != 0 {
		t.Errorf("similarity %v", got)
	}
}

func TestFoldingKeepsTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sparse(rapid.SliceOf(rapid.Uint32()).Draw(t, "ids"))
		folded := s.Folded(rapid.Uint32Range(1, 64).Draw(t, "size"))
		if folded.total() != s.total() {
			t.Errorf("%v folds to %v", s, folded)
		}
		if !slices.IsSortedFunc(folded, func(a, b Feature) int { return int(a.ID) - int(b.ID) }) {
			t.Errorf("%v is not sorted", folded)
		}
	})
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
