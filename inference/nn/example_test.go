package nn_test

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/nn"
)

// Two rows pass a layer with three inputs and two outputs.
func ExampleLinear() {
	layer := nn.NewLinear([]float32{
		1, 0, 0,
		0, 1, 1,
	}, []float32{10, 20}, 3, 2)
	x := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	y := make([]float32, 2*2)
	layer.Forward(y, x, 2)
	fmt.Println(y)
	// Output:
	// [11 25 14 31]
}
