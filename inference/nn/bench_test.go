package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchEachPath runs a benchmark with every set of kernels that this processor
// has.
func benchEachPath(b *testing.B, bench func(b *testing.B)) {
	for path := scalar; path <= best(); path++ {
		b.Run(path.String(), func(b *testing.B) {
			use(b, path)
			bench(b)
		})
	}
}

// reportGFLOPS counts a multiply-add as two operations.
func reportGFLOPS(b *testing.B, multiplyAdds int) {
	b.ReportMetric(2*float64(multiplyAdds)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkLinear(b *testing.B) {
	for _, size := range []struct{ rows, in, out int }{
		{240, 128, 512}, {600, 128, 512}, {600, 512, 128}, {600, 192, 768}, {1, 128, 768},
	} {
		b.Run(fmt.Sprintf("%dx%dx%d", size.rows, size.in, size.out), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			l := NewLinear(normals(rng, size.in*size.out), nil, size.in, size.out)
			x := normals(rng, size.rows*size.in)
			y := make([]float32, size.rows*size.out)
			benchEachPath(b, func(b *testing.B) {
				for b.Loop() {
					l.Forward(y, x, size.rows)
				}
				reportGFLOPS(b, size.rows*size.in*size.out)
			})
		})
	}
}

// molecules returns the offsets of a batch of molecules of 24 tokens.
func molecules(n int) []int {
	offsets := make([]int, n+1)
	for i := range offsets {
		offsets[i] = 24 * i
	}
	return offsets
}

// BenchmarkBlock is one layer over 25 molecules, whole and in parts.
func BenchmarkBlock(b *testing.B) {
	for _, width := range []int{128, 192} {
		l := newBlock(rand.New(rand.NewPCG(1, 1)), width, molecules(25))
		rows := 25 * 24
		for _, part := range []struct {
			name string
			run  func()
		}{
			{"whole", l.forward},
			{"norm", func() { LayerNorm(l.norm, l.x, l.width, l.offsets, l.vectors(1), l.vectors(0)) }},
			{"qkv", func() { l.qkv.Forward(l.hidden, l.norm, rows) }},
			{"attention", func() { l.attention.Forward(l.norm, l.hidden, l.offsets) }},
			{"project", func() { l.project.Forward(l.branch, l.norm, rows) }},
			{"gate", func() { AddGated(l.x, l.branch, l.width, l.offsets, l.vectors(2)) }},
			{"fc1", func() { l.fc1.ForwardReLUSquared(l.hidden, l.norm, rows) }},
			{"fc2", func() { l.fc2.Forward(l.branch, l.hidden, rows) }},
		} {
			b.Run(fmt.Sprintf("d=%d/%s", width, part.name), func(b *testing.B) {
				benchEachPath(b, func(b *testing.B) {
					for b.Loop() {
						part.run()
					}
				})
			})
		}
	}
}
