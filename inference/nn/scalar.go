package nn

import "math"

// The kernels in Go, for where no assembly runs.

// scalarTileRows is the height of a tile. Three rows by two columns are what
// the compiler keeps in registers on amd64; four by two spill and take twice as
// long.
const scalarTileRows = 3

// multiplyScalar computes a tile of scalarTileRows rows, or of one.
func multiplyScalar(p *product) {
	if p.rows == 1 {
		for j := 0; j < panelWidth; j += 4 {
			multiplyRow(p, j)
		}
		return
	}
	for j := 0; j < panelWidth; j += 2 {
		multiplyRows(p, j)
	}
}

// multiplyRows computes columns j and j+1 of a tile.
func multiplyRows(p *product, j int) {
	a0 := p.a[:p.inner]
	a1 := p.a[p.aStride:][:len(a0)]
	a2 := p.a[2*p.aStride:][:len(a0)]
	l0, r0 := p.bias[j], p.bias[j+1]
	l1, r1 := l0, r0
	l2, r2 := l0, r0
	b, at := p.b, j
	for k, v := range a0 {
		l, r := b[at], b[at+1]
		at += p.bStride
		l0 += v * l
		r0 += v * r
		v = a1[k]
		l1 += v * l
		r1 += v * r
		v = a2[k]
		l2 += v * l
		r2 += v * r
	}
	for i, sums := range [scalarTileRows][2]float32{{l0, r0}, {l1, r1}, {l2, r2}} {
		p.put(p.c[i*p.cStride+j:], sums[:])
	}
}

// multiplyRow computes columns j to j+3 of one row.
func multiplyRow(p *product, j int) {
	s0, s1, s2, s3 := p.bias[j], p.bias[j+1], p.bias[j+2], p.bias[j+3]
	b, at := p.b, j
	for _, v := range p.a[:p.inner] {
		w := b[at : at+4 : at+4]
		at += p.bStride
		s0 += v * w[0]
		s1 += v * w[1]
		s2 += v * w[2]
		s3 += v * w[3]
	}
	sums := [4]float32{s0, s1, s2, s3}
	p.put(p.c[j:], sums[:])
}

// put stores finished sums.
func (p *product) put(c, sums []float32) {
	copy(c, sums)
	if !p.activate {
		return
	}
	for j, v := range sums {
		v = max(v, 0)
		c[j] = v * v
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

// The exponential of x ≤ 0: exp(x) = 2ⁿ·exp(r) with n = round(x/ln 2), where
// exp(r) for |r| ≤ ln(2)/2 is a polynomial of degree 7. The two parts of ln 2
// and the coefficients are those of expf in Cephes 2.2 (S. L. Moshier,
// https://www.netlib.org/cephes/, 1992), with a relative error below 2.5e-7.
// Below expMin it stays at exp(expMin), so that no share of a sum is denormal.
const (
	expMin    = -80
	log2E     = 1.44269504088896341
	ln2High   = 0.693359375
	ln2Low    = -2.12194440e-4
	expC7     = 1.9875691500e-4
	expC6     = 1.3981999507e-3
	expC5     = 8.3334519073e-3
	expC4     = 4.1665795894e-2
	expC3     = 1.6666665459e-1
	expC2     = 5.0000001201e-1
	roundBias = 3 << 22 // adding it to a float32 rounds to an integer
)

// exp32 is the scalar form of the exponential that the assembly computes.
func exp32(x float32) float32 {
	x = max(x, expMin)
	n := float32(x*log2E+roundBias) - roundBias
	x -= n * ln2High
	x -= n * ln2Low
	p := float32(expC7)
	p = p*x + expC6
	p = p*x + expC5
	p = p*x + expC4
	p = p*x + expC3
	p = p*x + expC2
	p = p*x*x + x + 1
	return math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
}
