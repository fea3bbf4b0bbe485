package nn

// normEpsilon is added to the variance, as PyTorch does by default.
const normEpsilon = 1e-5

// LayerNorm sets y to x (rows × width), each row brought to mean 0 and variance
// 1 (Ba et al. 2016, arXiv 1607.06450), then modulated with its sequence's
// vectors: y = norm(x)·(1 + scale) + shift (Peebles & Xie 2023, arXiv
// 2212.09748). y may be x.
func LayerNorm(y, x []float32, width int, offsets []int, scale, shift Vectors) {
	rows := offsets[len(offsets)-1]
	checkRows("output", y, rows, width)
	checkRows("input", x, rows, width)
	for i, first := range offsets[:len(offsets)-1] {
		end := offsets[i+1]
		if first == end {
			continue
		}
		normRows(y[first*width:end*width], x[first*width:end*width], scale.of(i, width), shift.of(i, width))
	}
}

// AddGated adds y to x (both rows × width), each value multiplied by its
// sequence's gate: x += gate·y.
func AddGated(x, y []float32, width int, offsets []int, gate Vectors) {
	rows := offsets[len(offsets)-1]
	checkRows("x", x, rows, width)
	checkRows("y", y, rows, width)
	for i, first := range offsets[:len(offsets)-1] {
		end := offsets[i+1]
		if first == end {
			continue
		}
		addGatedRows(x[first*width:end*width], y[first*width:end*width], gate.of(i, width))
	}
}
