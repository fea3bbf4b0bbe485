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
