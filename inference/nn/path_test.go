package nn

import (
	"math/rand/v2"
	"testing"
)

func TestAssemblyPathsGiveTheSameBits(t *testing.T) {
	if best() < avx512 {
		t.Skip("this processor has only one of them")
	}
	var results [][]float32
	for _, path := range []isa{avx2, avx512} {
		use(t, path)
		b := newBlock(rand.New(rand.NewPCG(5, 6)), 128, []int{0, 3, 27, 90, 91})
		b.forward()
		results = append(results, b.x)
	}
	checkSame(t, results[0], results[1])
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
		if n := testing.AllocsPerRun(10, b.forward); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
