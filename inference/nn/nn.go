// Package nn holds the float32 kernels of a small transformer: linear layers,
// attention, modulated layer normalisation and gated residuals. It is pure Go
// with assembly for amd64 (AVX-512, or AVX2 with FMA, chosen when the program
// starts) and needs neither cgo nor build flags; elsewhere, and with the build
// tag purego, everything runs in Go.
//
// A batch is one matrix whose rows are tokens. The tokens of sequence i are the
// rows offsets[i] to offsets[i+1]: no padding, and no mask. Matrices are
// row-major and dense.
//
// Beyond constructors, no function allocates, locks or starts a goroutine:
// callers own every buffer, and run disjoint sets of sequences in parallel with
// scratch of their own. A sequence's result does not depend on what it is
// batched with, to the last bit, and both amd64 paths give the same bits; the
// Go path, which rounds more often, agrees with them to about 1e-6 of what is
// summed.
//
// Buffers of the wrong size are errors of the program, so they panic.
package nn

import "fmt"

// isa is an instruction set that the kernels are written for.
type isa int

const (
	scalar isa = iota
	avx2       // with FMA
	avx512     // F and DQ
)

// active is the best instruction set of this processor. Only tests change it.
var active = best()

// Vectors holds one vector a sequence: that of sequence i begins at
// Data[i*Stride]. Sequences share a single vector where Stride is 0.
type Vectors struct {
	Data   []float32
	Stride int
}

func (v Vectors) of(sequence, width int) []float32 {
	start := sequence * v.Stride
	return v.Data[start : start+width]
}

func checkRows(what string, buffer []float32, rows, width int) {
	if len(buffer) < rows*width {
		panic(fmt.Sprintf("nn: %s holds %d values, not %d × %d", what, len(buffer), rows, width))
	}
}
