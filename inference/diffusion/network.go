package diffusion

import (
	"fmt"
	"math"

	"github.com/odordiff/odordiff/inference/nn"
	"github.com/odordiff/odordiff/inference/weights"
)

const headWidth = nn.HeadWidth

// network is the transformer of inference/training/denoiser.py. It is
// immutable.
type network struct {
	shape
	token, fromStart, fromEnd, length []float32
	conditionIn, conditionOut         *nn.Linear
	// of all layers and of the end, side by side
	modulation            *nn.Linear
	layers                []layer
	head                  *nn.Linear
	lengthsIn, lengthsOut *nn.Linear
}

type layer struct {
	qkv, out, up, down *nn.Linear
}

// What a layer's modulation consists of, each as wide as the network.
const (
	shiftAttention = iota
	scaleAttention
	gateAttention
	shiftForward
	scaleForward
	gateForward
	partsOfLayer
)

// partsOfEnd is the shift and the scale of the last layer norm.
const partsOfEnd = 2

// modulationWidth is the number of values that modulate one molecule.
func (n *network) modulationWidth() int { return (n.Layers*partsOfLayer + partsOfEnd) * n.Width }

// tensors reads a file's tensors and remembers the first error.
type tensors struct {
	file *weights.File
	err  error
}

// get returns a tensor, zeros where the file has none of that shape.
func (t *tensors) get(name string, shape ...int) []float32 {
	values, err := t.file.Tensor(name, shape...)
	if err != nil {
		if t.err == nil {
			t.err = err
		}
		count := 1
		for _, d := range shape {
			count *= d
		}
		return make([]float32, count)
	}
	return values
}

func (t *tensors) linear(name string, in, out int) *nn.Linear {
	return nn.NewLinear(t.get(name+".weight", out, in), t.get(name+".bias", out), in, out)
}

func loadNetwork(file *weights.File, s shape) (*network, error) {
	t := &tensors{file: file}
	n := &network{
		shape:        s,
		token:        t.get("token.weight", s.Tokens, s.Width),
		fromStart:    t.get("from_start.weight", s.MaxTokens, s.Width),
		fromEnd:      t.get("from_end.weight", s.MaxTokens, s.Width),
		length:       t.get("length.weight", s.MaxTokens+1, s.Width),
		conditionIn:  t.linear("condition_in", s.condition(), s.Width),
		conditionOut: t.linear("condition_out", s.Width, s.Width),
		modulation:   t.modulation(s),
		head:         t.linear("head", s.Width, s.Tokens),
		lengthsIn:    t.linear("lengths_in", s.condition(), s.LengthsWidth),
		lengthsOut:   t.linear("lengths_out", s.LengthsWidth, s.MaxTokens+1),
	}
	for i := range s.Layers {
		name := fmt.Sprintf("layers.%d.", i)
		n.layers = append(n.layers, layer{
			qkv:  t.linear(name+"qkv", s.Width, 3*s.Width),
			out:  t.linear(name+"out", s.Width, s.Width),
			up:   t.linear(name+"up", s.Width, 4*s.Width),
			down: t.linear(name+"down", 4*s.Width, s.Width),
		})
	}
	return n, t.err
}

// modulation puts all layers' modulations into one linear layer. The gates are
// trained as distances from 1, which is added to their bias here.
func (t *tensors) modulation(s shape) *nn.Linear {
	var weight, bias []float32
	for i := range s.Layers {
		name := fmt.Sprintf("layers.%d.modulation", i)
		first := len(bias)
		weight = append(weight, t.get(name+".weight", partsOfLayer*s.Width, s.Width)...)
		bias = append(bias, t.get(name+".bias", partsOfLayer*s.Width)...)
		for _, gate := range []int{gateAttention, gateForward} {
			for j := range s.Width {
				bias[first+gate*s.Width+j]++
			}
		}
	}
	weight = append(weight, t.get("final_modulation.weight", partsOfEnd*s.Width, s.Width)...)
	bias = append(bias, t.get("final_modulation.bias", partsOfEnd*s.Width)...)
	return nn.NewLinear(weight, bias, s.Width, len(bias))
}

// sequence is one molecule's pass through the network.
type sequence struct {
	tokens     []uint8
	modulation []float32 // of modulationWidth
	logits     []float32 // set by a pass: one row of Tokens values for each token
}

// modulate computes how a condition and a number of tokens modulate the layers.
// Conditions are shared by many molecules and do not change between steps, so
// this is done once for each condition and length.
func (n *network) modulate(condition []float32, length int) []float32 {
	hidden, embedding := make([]float32, n.Width), make([]float32, n.Width)
	n.conditionIn.Forward(hidden, condition, 1)
	silu(hidden)
	n.conditionOut.Forward(embedding, hidden, 1)
	for i := range embedding {
		embedding[i] += n.length[length*n.Width+i]
	}
	silu(embedding)
	out := make([]float32, n.modulationWidth())
	n.modulation.Forward(out, embedding, 1)
	return out
}

// lengths returns the logits of each number of tokens for a condition.
func (n *network) lengths(condition []float32) []float32 {
	hidden, out := make([]float32, n.LengthsWidth), make([]float32, n.MaxTokens+1)
	n.lengthsIn.Forward(hidden, condition, 1)
	silu(hidden)
	n.lengthsOut.Forward(out, hidden, 1)
	return out
}

// silu replaces x by x·sigmoid(x).
func silu(x []float32) {
	for i, v := range x {
		x[i] = float32(float64(v) / (1 + math.Exp(-float64(v))))
	}
}

// workspace is the scratch of one goroutine. It bounds the rows of one pass.
type workspace struct {
	x, norm, hidden, branch, modulation []float32
	logits                              []float32
	offsets                             []int
	attention                           *nn.Attention
}

// Limits of one pass of a workspace. The widest buffer, 4·Width values a row,
// then stays within a core's second-level cache.
const (
	workspaceRows      = 288
	workspaceSequences = 32
)

func newWorkspace(n *network) *workspace {
	rows := max(workspaceRows, n.MaxTokens)
	return &workspace{
		x:          make([]float32, rows*n.Width),
		norm:       make([]float32, rows*n.Width),
		hidden:     make([]float32, rows*4*n.Width),
		branch:     make([]float32, rows*n.Width),
		modulation: make([]float32, 0, workspaceSequences*n.modulationWidth()),
		logits:     make([]float32, rows*n.Tokens),
		offsets:    make([]int, 0, workspaceSequences+1),
		attention:  nn.NewAttention(n.Width/headWidth, n.MaxTokens),
	}
}

// forward computes the logits of a few sequences, which fit into the workspace.
func (n *network) forward(w *workspace, sequences []*sequence) {
	n.embed(w, sequences)
	rows := w.offsets[len(sequences)]
	for i := range n.layers {
		n.layer(w, i, rows)
	}
	end := n.Layers * partsOfLayer
	nn.LayerNorm(w.norm, w.x, n.Width, w.offsets, n.part(w, end+1), n.part(w, end))
	n.head.Forward(w.logits, w.norm, rows)
	for i, s := range sequences {
		copy(s.logits, w.logits[w.offsets[i]*n.Tokens:w.offsets[i+1]*n.Tokens])
	}
}

// embed lays the sequences out as rows and gathers their modulations.
func (n *network) embed(w *workspace, sequences []*sequence) {
	w.offsets, w.modulation = append(w.offsets[:0], 0), w.modulation[:0]
	row := 0
	for _, s := range sequences {
		for i, token := range s.tokens {
			x := w.x[row*n.Width : (row+1)*n.Width]
			back := len(s.tokens) - 1 - i
			what := n.token[int(token)*n.Width : (int(token)+1)*n.Width]
			start := n.fromStart[i*n.Width : (i+1)*n.Width]
			end := n.fromEnd[back*n.Width : (back+1)*n.Width]
			for j := range x {
				x[j] = what[j] + start[j] + end[j]
			}
			row++
		}
		w.offsets = append(w.offsets, row)
		w.modulation = append(w.modulation, s.modulation...)
	}
}

// part returns the i-th vector of each sequence's modulation.
func (n *network) part(w *workspace, i int) nn.Vectors {
	return nn.Vectors{Data: w.modulation[i*n.Width:], Stride: n.modulationWidth()}
}

func (n *network) layer(w *workspace, i, rows int) {
	l, part := &n.layers[i], i*partsOfLayer
	nn.LayerNorm(w.norm, w.x, n.Width, w.offsets, n.part(w, part+scaleAttention), n.part(w, part+shiftAttention))
	l.qkv.Forward(w.hidden, w.norm, rows)
	w.attention.Forward(w.norm, w.hidden, w.offsets)
	l.out.Forward(w.branch, w.norm, rows)
	nn.AddGated(w.x, w.branch, n.Width, w.offsets, n.part(w, part+gateAttention))

	nn.LayerNorm(w.norm, w.x, n.Width, w.offsets, n.part(w, part+scaleForward), n.part(w, part+shiftForward))
	l.up.ForwardReLUSquared(w.hidden, w.norm, rows)
	l.down.Forward(w.branch, w.hidden, rows)
	nn.AddGated(w.x, w.branch, n.Width, w.offsets, n.part(w, part+gateForward))
}
