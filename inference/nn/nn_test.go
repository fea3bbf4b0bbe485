package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// String names a path in the names of tests.
func (s isa) String() string {
	return [...]string{"go", "avx2", "avx512"}[s]
}

// onEachPath runs a test with every set of kernels that this processor has.
func onEachPath(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for path := scalar; path <= best(); path++ {
		t.Run(path.String(), func(t *testing.T) {
			use(t, path)
			test(t)
		})
	}
}

// use selects a set of kernels until the test ends.
func use(t testing.TB, path isa) {
	before := active
	active = path
	t.Cleanup(func() { active = before })
}

// normals returns n values of a normal distribution.
func normals(rng *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	return values
}

func drawRNG(t *rapid.T) *rand.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
}

// drawOffsets returns a batch of sequences, some of them empty.
func drawOffsets(t *rapid.T, maxLength int) []int {
	offsets := []int{0}
	for _, length := range rapid.SliceOfN(rapid.IntRange(0, maxLength), 1, 5).Draw(t, "lengths") {
		offsets = append(offsets, offsets[len(offsets)-1]+length)
	}
	return offsets
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkClose compares with a reference in float64; tolerance is absolute for
// values up to 1, and relative above.
func checkClose(t failer, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*max(1, math.Abs(w))) {
			t.Fatalf("value %d is %g, want %g", i, got[i], w)
		}
	}
}

// checkSame compares to the last bit.
func checkSame(t failer, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			t.Fatalf("value %d is %g, want exactly %g", i, got[i], w)
		}
	}
}
