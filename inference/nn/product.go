package nn

// product is c = a·b + bias, or with activate c = max(a·b + bias, 0)², where c
// has at most one panel's columns. b and bias are read over a whole panel.
//
// Each value is one sum in the order of the inner index, whichever tile it
// falls in: that makes results independent of a row's place in the batch.
type product struct {
	a, b, c, bias             []float32
	aStride, bStride, cStride int
	rows, inner, columns      int
	activate                  bool
}

// compute covers the rows with the largest tiles that fit.
func (p *product) compute() {
	if p.columns < panelWidth {
		p.computeNarrow()
		return
	}
	for row := 0; row < p.rows; {
		t := p.tile(row)
		t.multiply()
		row += t.rows
	}
}

// computeNarrow lets the kernel write whole tiles beside c, and copies the
// columns that c has.
func (p *product) computeNarrow() {
	var wide [maxTileRows * panelWidth]float32
	for row := 0; row < p.rows; {
		t := p.tile(row)
		to := t.c
		t.c, t.cStride = wide[:], panelWidth
		t.multiply()
		for i := range t.rows {
			copy(to[i*p.cStride:], wide[i*panelWidth:][:p.columns])
		}
		row += t.rows
	}
}

// maxTileRows is the height of the largest tile of any kernel.
const maxTileRows = 12

// tile returns the part of p that begins in row and that one kernel call
// computes.
func (p *product) tile(row int) product {
	t := *p
	t.rows = tileRows(p.rows - row)
	t.a = p.a[row*p.aStride:]
	t.c = p.c[row*p.cStride:]
	return t
}

// multiply runs the kernel on one tile. It checks what the kernel will touch,
// for assembly does not.
func (p *product) multiply() {
	_ = p.a[(p.rows-1)*p.aStride+p.inner-1]
	_ = p.b[(p.inner-1)*p.bStride+panelWidth-1]
	_ = p.c[(p.rows-1)*p.cStride+panelWidth-1]
	_ = p.bias[panelWidth-1]
	multiplyTile(p)
}
