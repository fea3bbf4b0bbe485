package nn

// panelWidth is the number of columns that one pass over the rows computes.
const panelWidth = 32

// blockRows is the number of rows that go through all panels before the next
// ones: input and output of a block stay in the second-level cache. It is
// a multiple of every kernel's tile.
const blockRows = 96

// Linear is a fully connected layer: y = x·Wᵀ + b. It is immutable and safe for
// concurrent use.
type Linear struct {
	in, out int
	weights []float32 // panels of in × panelWidth, the last one padded with zeros
	bias    []float32 // padded to whole panels
}

// NewLinear packs a layer's weights for the kernels. weight has one row of in
// values for each output, as PyTorch stores it; a nil bias is zero. in and out
// are at least 1.
func NewLinear(weight, bias []float32, in, out int) *Linear {
	checkRows("weight", weight, out, in)
	panels := (out + panelWidth - 1) / panelWidth
	l := &Linear{
		in: in, out: out,
		weights: make([]float32, panels*in*panelWidth),
		bias:    make([]float32, panels*panelWidth),
	}
	if bias != nil {
		checkRows("bias", bias, 1, out)
		copy(l.bias, bias[:out])
	}
	for o := range out {
		panel := l.weights[o/panelWidth*in*panelWidth:]
		for k, w := range weight[o*in : (o+1)*in] {
			panel[k*panelWidth+o%panelWidth] = w
		}
	}
	return l
}

// In returns the width of the input.
func (l *Linear) In() int { return l.in }

// Forward sets y (rows × outputs) to the layer's output for x (rows × inputs).
// They must not overlap.
func (l *Linear) Forward(y, x []float32, rows int) {
	l.forward(y, x, rows, false)
}

// ForwardReLUSquared is Forward followed by max(y, 0)² (So et al. 2021,
// arXiv 2109.08668).
func (l *Linear) ForwardReLUSquared(y, x []float32, rows int) {
	l.forward(y, x, rows, true)
}

func (l *Linear) forward(y, x []float32, rows int, activate bool) {
	checkRows("output", y, rows, l.out)
	checkRows("input", x, rows, l.in)
	for first := 0; first < rows; first += blockRows {
		l.block(y, x, first, min(blockRows, rows-first), activate)
	}
}

// block computes count rows from first on, panel by panel.
func (l *Linear) block(y, x []float32, first, count int, activate bool) {
	for column := 0; column < l.out; column += panelWidth {
		p := product{
			a: x[first*l.in:], aStride: l.in,
			b: l.weights[column*l.in:], bStride: panelWidth,
			c: y[first*l.out+column:], cStride: l.out,
			bias: l.bias[column:],
			rows: count, inner: l.in, columns: min(panelWidth, l.out-column),
			activate: activate,
		}
		p.compute()
	}
}
