package nn

import "math"

// The kernels in Go. They run where no assembly does, and are what the assembly is tested against.

// scalarTileRows is the number of rows that share each load of b.
const scalarTileRows = 4

// multiplyScalar computes a tile of scalarTileRows rows, or of one.
func multiplyScalar(p *product) {
	if p.rows == 1 {
		multiplyRow(p)
		return
	}
	for j := 0; j < panelWidth; j += 2 {
		multiplyStrip(p, j)
	}
}

// multiplyStrip computes the tile's columns j and j+1, whose sums fit in registers.
func multiplyStrip(p *product, j int) {
	a0 := p.a[:p.inner]
	a1 := p.a[p.aStride:][:len(a0)]
	a2 := p.a[2*p.aStride:][:len(a0)]
	a3 := p.a[3*p.aStride:][:len(a0)]
	l0, r0 := p.bias[j], p.bias[j+1]
	l1, l2, l3 := l0, l0, l0
	r1, r2, r3 := r0, r0, r0
	for k, at := 0, j; k < len(a0); k, at = k+1, at+p.bStride {
		w := p.b[at : at+2 : at+2]
		l, r := w[0], w[1]
		l0 += a0[k] * l
		r0 += a0[k] * r
		l1 += a1[k] * l
		r1 += a1[k] * r
		l2 += a2[k] * l
		r2 += a2[k] * r
		l3 += a3[k] * l
		r3 += a3[k] * r
	}
	for i, sums := range [scalarTileRows][2]float32{{l0, r0}, {l1, r1}, {l2, r2}, {l3, r3}} {
		put(p.c[i*p.cStride+j:][:2], sums[:], p.add)
	}
}

// multiplyRow computes one row.
func multiplyRow(p *product) {
	sums := [panelWidth]float32(p.bias)
	for k, v := range p.a[:p.inner] {
		for j, w := range p.b[k*p.bStride:][:panelWidth] {
			sums[j] += v * w
		}
	}
	put(p.c[:panelWidth], sums[:], p.add)
}

func geluScalar(x []float32) {
	for i, v := range x {
		x[i] = v / (1 + exp32(v*(geluB+geluA*v*v)))
	}
}

func softmaxScalar(x []float32, rows, width, stride int, scale float32) {
	for i := range rows {
		softmaxRow(x[i*stride:][:width], scale)
	}
}

func softmaxRow(x []float32, scale float32) {
	largest := float32(-math.MaxFloat32)
	for _, v := range x {
		largest = max(largest, v)
	}
	var sum float32
	for i, v := range x {
		e := exp32((v - largest) * scale)
		x[i] = e
		sum += e
	}
	inverse := 1 / sum
	for i := range x {
		x[i] *= inverse
	}
}

func normScalar(y, x, scale, shift []float32) {
	width := len(scale)
	for first := 0; first < len(x); first += width {
		normRow(y[first:first+width], x[first:first+width], scale, shift)
	}
}

func normRow(y, x, scale, shift []float32) {
	var sum float32
	for _, v := range x {
		sum += v
	}
	mean := sum / float32(len(x))
	var squares float32
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	variance := squares / float32(len(x))
	inverse := float32(1 / math.Sqrt(float64(variance)+normEpsilon))
	for i, v := range x {
		y[i] = (v-mean)*inverse*(1+scale[i]) + shift[i]
	}
}

func addGatedScalar(x, y, gate []float32) {
	width := len(gate)
	for first := 0; first < len(x); first += width {
		row := x[first : first+width]
		for i, v := range y[first : first+width] {
			row[i] += gate[i] * v
		}
	}
}

// transposeScalar writes the components of count keys as rows panelWidth apart.
func transposeScalar(dst, keys []float32, count, stride int) {
	for j := range count {
		for d, v := range keys[j*stride:][:HeadWidth] {
			dst[d*panelWidth+j] = v
		}
	}
}
