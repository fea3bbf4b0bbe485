package nn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// layer is a linear layer with what it was made from.
type layer struct {
	*Linear
	weight, bias []float32
}

func drawLayer(t *rapid.T, rng *rand.Rand) layer {
	in := rapid.IntRange(1, 100).Draw(t, "in")
	out := rapid.IntRange(1, 100).Draw(t, "out")
	l := layer{weight: normals(rng, in*out)}
	if rapid.Bool().Draw(t, "biased") {
		l.bias = normals(rng, out)
	}
	l.Linear = NewLinear(l.weight, l.bias, in, out)
	return l
}

// reference computes the layer as it is defined.
func (l layer) reference(x []float32, rows int) []float64 {
	y := make([]float64, 0, rows*l.out)
	for r := range rows {
		for o := range l.out {
			var sum float64
			if l.bias != nil {
				sum = float64(l.bias[o])
			}
			for k := range l.In() {
				sum += float64(x[r*l.In()+k]) * float64(l.weight[o*l.In()+k])
			}
			y = append(y, sum)
		}
	}
	return y
}

// sumTolerance suits sums of some hundred products of normal values.
const sumTolerance = 5e-5

func TestLinearMultipliesAndAddsBias(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			l := drawLayer(t, rng)
			rows := rapid.IntRange(0, 110).Draw(t, "rows")
			x := normals(rng, rows*l.In())
			y := normals(rng, rows*l.out) // is overwritten
			l.Forward(y, x, rows)
			checkClose(t, y, l.reference(x, rows), sumTolerance)
		})
	})
}

func TestLinearSquaresWhatIsPositive(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			l := drawLayer(t, rng)
			rows := rapid.IntRange(0, 110).Draw(t, "rows")
			x := normals(rng, rows*l.In())
			y := normals(rng, rows*l.out)
			want := l.reference(x, rows)
			for i, v := range want {
				want[i] = max(v, 0) * max(v, 0)
			}
			l.ForwardReLUSquared(y, x, rows)
			checkClose(t, y, want, 2*sumTolerance)
		})
	})
}

func TestLinearTouchesOnlyItsRows(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			l := drawLayer(t, rng)
			rows := rapid.IntRange(0, 20).Draw(t, "rows")
			x := normals(rng, rows*l.In())
			y := normals(rng, (rows+3)*l.out)
			beyond := slices.Clone(y[rows*l.out:])
			l.Forward(y, x, rows)
			checkSame(t, y[rows*l.out:], beyond)
		})
	})
}

func TestLinearRowsDoNotDependOnTheirBatch(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			l := drawLayer(t, rng)
			rows := rapid.IntRange(1, 60).Draw(t, "rows")
			x := normals(rng, rows*l.In())
			batch := make([]float32, rows*l.out)
			l.ForwardReLUSquared(batch, x, rows)
			alone := make([]float32, l.out)
			for r := range rows {
				l.ForwardReLUSquared(alone, x[r*l.In():], 1)
				checkSame(t, batch[r*l.out:(r+1)*l.out], alone)
			}
		})
	})
}

func TestLinearRefusesShortBuffers(t *testing.T) {
	l := NewLinear(make([]float32, 6), nil, 3, 2)
	for name, forward := range map[string]func(){
		"input":  func() { l.Forward(make([]float32, 4), make([]float32, 5), 2) },
		"output": func() { l.Forward(make([]float32, 3), make([]float32, 6), 2) },
		"weight": func() { NewLinear(make([]float32, 5), nil, 3, 2) },
		"bias":   func() { NewLinear(make([]float32, 6), make([]float32, 1), 3, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			forward()
		})
	}
}
