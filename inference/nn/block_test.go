package nn

import "math/rand/v2"

// block is one transformer layer as the diffusion model has it, with its
// buffers: adaptive layer norms and gates (Peebles & Xie 2023), attention, and
// a feed-forward network four times as wide.
type block struct {
	width                  int
	offsets                []int
	qkv, project, fc1, fc2 *Linear
	attention              *Attention
	// of each sequence: shift, scale, gate; shift, scale, gate
	modulation              []float32
	x, norm, hidden, branch []float32
}

func newBlock(rng *rand.Rand, width int, offsets []int) *block {
	sequences := len(offsets) - 1
	rows := offsets[sequences]
	linear := func(in, out int) *Linear {
		weight := normals(rng, in*out)
		for i := range weight {
			weight[i] *= 0.05
		}
		return NewLinear(weight, normals(rng, out), in, out)
	}
	return &block{
		width:      width,
		offsets:    offsets,
		qkv:        linear(width, 3*width),
		project:    linear(width, width),
		fc1:        linear(width, 4*width),
		fc2:        linear(4*width, width),
		attention:  NewAttention(width/HeadWidth, 64),
		modulation: normals(rng, sequences*6*width),
		x:          normals(rng, rows*width),
		norm:       make([]float32, rows*width),
		hidden:     make([]float32, rows*4*width),
		branch:     make([]float32, rows*width),
	}
}

// vectors returns the i-th of the six modulation vectors of each sequence.
func (b *block) vectors(i int) Vectors {
	return Vectors{Data: b.modulation[i*b.width:], Stride: 6 * b.width}
}

func (b *block) forward() {
	rows := b.offsets[len(b.offsets)-1]
	LayerNorm(b.norm, b.x, b.width, b.offsets, b.vectors(1), b.vectors(0))
	b.qkv.Forward(b.hidden, b.norm, rows)
	b.attention.Forward(b.norm, b.hidden, b.offsets)
	b.project.Forward(b.branch, b.norm, rows)
	AddGated(b.x, b.branch, b.width, b.offsets, b.vectors(2))

	LayerNorm(b.norm, b.x, b.width, b.offsets, b.vectors(4), b.vectors(3))
	b.fc1.ForwardReLUSquared(b.hidden, b.norm, rows)
	b.fc2.Forward(b.branch, b.hidden, rows)
	AddGated(b.x, b.branch, b.width, b.offsets, b.vectors(5))
}
