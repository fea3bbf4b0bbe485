package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAttentionMixesValuesWithinEachSequence(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			heads := rapid.IntRange(1, 3).Draw(t, "heads")
			offsets := drawOffsets(t, 70)
			rows := offsets[len(offsets)-1]
			qkv := normals(rng, rows*3*heads*HeadWidth)
			out := normals(rng, rows*heads*HeadWidth)
			NewAttention(heads, 70).Forward(out, qkv, offsets)
			checkClose(t, out, referenceAttention(qkv, heads, offsets), 1e-5)
		})
	})
}

func referenceAttention(qkv []float32, heads int, offsets []int) []float64 {
	width := heads * HeadWidth
	at := func(row, part, head int) []float32 {
		return qkv[row*3*width+part*width+head*HeadWidth:][:HeadWidth]
	}
	out := make([]float64, offsets[len(offsets)-1]*width)
	for i, first := range offsets[:len(offsets)-1] {
		end := offsets[i+1]
		for h := range heads {
			for q := first; q < end; q++ {
				scores := make([]float64, 0, end-first)
				for k := first; k < end; k++ {
					scores = append(scores, dot(at(q, 0, h), at(k, 1, h))/math.Sqrt(HeadWidth))
				}
				largest, sum := slices.Max(append(scores, -1e9)), 0.0
				for j, s := range scores {
					scores[j] = math.Exp(s - largest)
					sum += scores[j]
				}
				for j, s := range scores {
					for d, v := range at(first+j, 2, h) {
						out[q*width+h*HeadWidth+d] += s / sum * float64(v)
					}
				}
			}
		}
	}
	return out
}

func dot(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func TestAttentionOfASequenceDoesNotDependOnItsBatch(t *testing.T) {
	const heads = 2
	const width = heads * HeadWidth
	onEachPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rng := drawRNG(t)
			offsets := drawOffsets(t, 40)
			rows := offsets[len(offsets)-1]
			qkv := normals(rng, rows*3*width)
			out := make([]float32, rows*width)
			NewAttention(heads, 40).Forward(out, qkv, offsets)
			for i, first := range offsets[:len(offsets)-1] {
				end := offsets[i+1]
				alone := make([]float32, (end-first)*width)
				NewAttention(heads, 40).Forward(alone, qkv[first*3*width:], []int{0, end - first})
				checkSame(t, alone, out[first*width:end*width])
			}
		})
	})
}

func TestAttentionRefusesSequencesBeyondItsScratch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	qkv := normals(rand.New(rand.NewPCG(1, 1)), 9*3*HeadWidth)
	NewAttention(1, 8).Forward(make([]float32, 9*HeadWidth), qkv, []int{0, 9})
}
