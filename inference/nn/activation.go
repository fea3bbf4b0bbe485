package nn

// GELU replaces each x by x·Φ(x), with Φ approximated by tanh: the form that PyTorch
// calls approximate='tanh' (Hendrycks & Gimpel 2016, arXiv 1606.08415).
func GELU(x []float32) {
	whole := len(x) / lanes * lanes
	if whole > 0 {
		gelu(x[:whole])
	}
	if whole == len(x) {
		return
	}
	// The rest takes the same path, so that a value's place does not matter.
	var rest [lanes]float32
	copy(rest[:], x[whole:])
	gelu(rest[:])
	copy(x[whole:], rest[:])
}

// Softmax replaces each row of x (rows × width) by exp(scale·x), divided by its
// sum over the row. scale, above zero, is the inverse temperature. A score more
// than 80/scale below the row's largest counts as 80/scale below: it gets 2e-35
// of the largest share instead of less.
func Softmax(x []float32, rows, width int, scale float32) {
	checkRows("x", x, rows, width)
	if rows == 0 || width == 0 {
		return
	}
	softmaxRows(x, rows, width, width, scale)
}
