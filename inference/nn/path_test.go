package nn

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestAssemblyPathsGiveTheSameBits(t *testing.T) {
	if best() < avx512 {
		t.Skip("this processor does not have both")
	}
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.SampledFrom([]int{32, 64, 96}).Draw(rt, "width")
		seed := rapid.Uint64().Draw(rt, "seed")
		offsets := drawOffsets(rt, 64)
		var results [][]float32
		for _, path := range []isa{avx2, avx512} {
			use(t, path)
			b := newBlock(rand.New(rand.NewPCG(seed, 6)), width, offsets)
			b.forward()
			results = append(results, b.x)
		}
		checkSame(rt, results[0], results[1])
	})
}

func TestPathsAgree(t *testing.T) {
	var want []float64
	for path := scalar; path <= best(); path++ {
		use(t, path)
		b := newBlock(rand.New(rand.NewPCG(5, 6)), 192, []int{0, 3, 27, 90, 91})
		b.forward()
		if path == scalar {
			for _, v := range b.x {
				want = append(want, float64(v))
			}
		}
		checkClose(t, b.x, want, 2e-5)
	}
}

func TestABlockAllocatesNothing(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		b := newBlock(rand.New(rand.NewPCG(5, 6)), 128, []int{0, 5, 29})
		head := NewLinear(normals(rand.New(rand.NewPCG(5, 7)), 128*41), nil, 128, 41)
		logits := make([]float32, 29*41)
		n := testing.AllocsPerRun(10, func() {
			b.forward()
			head.Forward(logits, b.x, 29)
			softmaxRows(logits, 29, 41, 41, 1)
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
