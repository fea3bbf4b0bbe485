package nn

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestExpIsAccurate(t *testing.T) {
	for x := float32(expMin); x <= 0; x += 0.00173 {
		want := math.Exp(float64(x))
		if e := math.Abs(float64(exp32(x))/want - 1); e > 2.5e-7 {
			t.Fatalf("exp(%g) is off by %.2g of its value", x, e)
		}
	}
}

func TestSoftmaxIsADistribution(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			rows := rapid.IntRange(1, 5).Draw(t, "rows")
			width := rapid.IntRange(1, 100).Draw(t, "width")
			scale := rapid.Float32Range(0.05, 20).Draw(t, "scale")
			x := normals(rng, rows*width+1)
			beyond := x[rows*width]
			want := referenceSoftmax(x[:rows*width], width, scale)
			softmaxRows(x, rows, width, width, scale)
			checkClose(t, x[:rows*width], want, 2e-6)
			checkSame(t, x[rows*width:], []float32{beyond})
		})
	})
}

func TestSoftmaxOfExtremes(t *testing.T) {
	inf := float32(math.Inf(-1))
	onEachPath(t, func(t *testing.T) {
		x := []float32{
			inf, 3, inf, 3,
			-math.MaxFloat32, 0, -1e30, 0,
			1e30, 0, 0, -1e30,
			inf, inf, inf, inf,
		}
		softmaxRows(x, 4, 4, 4, 1)
		checkClose(t, x, []float64{0, .5, 0, .5, 0, .5, 0, .5, 1, 0, 0, 0, .25, .25, .25, .25}, 1e-7)
	})
}

func referenceSoftmax(x []float32, width int, scale float32) []float64 {
	var y []float64
	for row := range slices.Chunk(x, width) {
		largest := float64(slices.Max(row))
		var sum float64
		for _, v := range row {
			sum += math.Exp((float64(v) - largest) * float64(scale))
		}
		for _, v := range row {
			y = append(y, math.Exp((float64(v)-largest)*float64(scale))/sum)
		}
	}
	return y
}

// modulated is a batch with vectors for each of its sequences.
type modulated struct {
	width   int
	offsets []int
	x, y    []float32
	// scale and shift of each sequence, with a gap before and between
	vectors  []float32
	stride   int
	sequence []int // of each row
}

func drawModulated(t *rapid.T) modulated {
	rng := drawRNG(t)
	m := modulated{
		width:   rapid.SampledFrom([]int{16, 32, 48, 128, 192, 1, 7, 33}).Draw(t, "width"),
		offsets: drawOffsets(t, 6),
	}
	sequences := len(m.offsets) - 1
	rows := m.offsets[sequences]
	m.x = normals(rng, rows*m.width)
	magnitude := rapid.SampledFrom([]float32{1e-3, 1, 100}).Draw(t, "magnitude")
	for i := range m.x {
		m.x[i] *= magnitude
	}
	m.y = normals(rng, rows*m.width)
	m.stride = 2*m.width + 3
	m.vectors = normals(rng, sequences*m.stride)
	for i := range sequences {
		for range m.offsets[i+1] - m.offsets[i] {
			m.sequence = append(m.sequence, i)
		}
	}
	return m
}

func (m modulated) scale() Vectors { return Vectors{Data: m.vectors, Stride: m.stride} }
func (m modulated) shift() Vectors { return Vectors{Data: m.vectors[m.width:], Stride: m.stride} }

func TestLayerNormModulatesEachSequence(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			m := drawModulated(t)
			want := m.referenceNorm()
			LayerNorm(m.y, m.x, m.width, m.offsets, m.scale(), m.shift())
			checkClose(t, m.y, want, 3e-5)
			LayerNorm(m.x, m.x, m.width, m.offsets, m.scale(), m.shift())
			checkSame(t, m.x, m.y)
		})
	})
}

func (m modulated) referenceNorm() []float64 {
	var y []float64
	for r, i := range m.sequence {
		row := m.x[r*m.width:][:m.width]
		var mean, variance float64
		for _, v := range row {
			mean += float64(v) / float64(m.width)
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(m.width)
		}
		scale, shift := m.scale().of(i, m.width), m.shift().of(i, m.width)
		for j, v := range row {
			norm := (float64(v) - mean) / math.Sqrt(variance+1e-5)
			y = append(y, norm*(1+float64(scale[j]))+float64(shift[j]))
		}
	}
	return y
}

func TestAddGatedAddsEachSequencesShare(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			m := drawModulated(t)
			var want []float64
			for r, i := range m.sequence {
				gate := m.scale().of(i, m.width)
				for j := range m.width {
					at := r*m.width + j
					want = append(want, float64(m.x[at])+float64(gate[j])*float64(m.y[at]))
				}
			}
			AddGated(m.x, m.y, m.width, m.offsets, m.scale())
			checkClose(t, m.x, want, 1e-6)
		})
	})
}

func TestVectorsWithoutStrideAreShared(t *testing.T) {
	x := []float32{1, 2, 3, 4}
	AddGated(x, []float32{1, 1, 1, 1}, 2, []int{0, 1, 2}, Vectors{Data: []float32{10, 20}})
	checkSame(t, x, []float32{11, 22, 13, 24})
}
