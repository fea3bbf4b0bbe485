package nn

import "math"

// HeadWidth is the width of an attention head. It is one panel of the product
// kernels, so that queries, keys and values need no rearrangement.
const HeadWidth = panelWidth

// Attention is bidirectional scaled dot-product attention within each sequence
// (Vaswani et al. 2017, arXiv 1706.03762), with the scratch it needs. It is for
// one goroutine at a time.
type Attention struct {
	heads     int
	maxLength int
	// the keys of one head, transposed, in panels of HeadWidth × panelWidth
	keys   []float32
	scores []float32 // queries × keys, rows padded to whole panels
}

// NewAttention makes room for sequences of up to maxLength tokens.
func NewAttention(heads, maxLength int) *Attention {
	padded := (maxLength + panelWidth - 1) / panelWidth * panelWidth
	return &Attention{
		heads:     heads,
		maxLength: maxLength,
		keys:      make([]float32, HeadWidth*padded),
		scores:    make([]float32, maxLength*padded),
	}
}

// Forward sets out (rows × width) to the attention of qkv (rows × 3·width),
// where width is heads·HeadWidth and a row of qkv holds the queries of all
// heads, then their keys, then their values. Scores are divided by √HeadWidth;
// one that lies more than 80 below its row's largest counts as 80 below.
func (t *Attention) Forward(out, qkv []float32, offsets []int) {
	width := t.heads * HeadWidth
	rows := offsets[len(offsets)-1]
	checkRows("output", out, rows, width)
	checkRows("qkv", qkv, rows, 3*width)
	for i, first := range offsets[:len(offsets)-1] {
		length := offsets[i+1] - first
		if length == 0 {
			continue
		}
		if length > t.maxLength {
			panic("nn: a sequence is longer than the attention's scratch")
		}
		for h := range t.heads {
			t.head(out[first*width+h*HeadWidth:], qkv[first*3*width+h*HeadWidth:], length)
		}
	}
}

var noBias [panelWidth]float32

// head attends over one head of one sequence; out and qkv begin at its first
// row and column.
func (t *Attention) head(out, qkv []float32, length int) {
	width := t.heads * HeadWidth
	padded := (length + panelWidth - 1) / panelWidth * panelWidth
	transposeKeys(t.keys, qkv[width:], length, 3*width)
	scores := product{
		a: qkv, aStride: 3 * width,
		bStride: panelWidth,
		cStride: padded,
		bias:    noBias[:],
		rows:    length, inner: HeadWidth, columns: panelWidth,
	}
	for column := 0; column < length; column += panelWidth {
		scores.b = t.keys[column*HeadWidth:]
		scores.c = t.scores[column:]
		scores.compute()
	}
	softmaxRows(t.scores, length, length, padded, float32(1/math.Sqrt(HeadWidth)))
	mix := product{
		a: t.scores, aStride: padded,
		b: qkv[2*width:], bStride: 3 * width,
		c: out, cStride: width,
		bias: noBias[:],
		rows: length, inner: length, columns: HeadWidth,
	}
	mix.compute()
}

// transposeKeys writes the keys of one head as panels of HeadWidth ×
// panelWidth: row d of a panel holds component d of its keys. Columns past the
// last key keep what they held.
func transposeKeys(dst, keys []float32, length, stride int) {
	for first := 0; first < length; first += panelWidth {
		transposePanel(dst[first*HeadWidth:], keys[first*stride:], min(panelWidth, length-first), stride)
	}
}

func transposePanel(dst, keys []float32, count, stride int) {
	if count < transposeBlock {
		transposeScalar(dst, keys, count, stride)
		return
	}
	for first := 0; first < count; first += transposeBlock {
		// The last block overlaps the one before rather than run past the end.
		start := min(first, count-transposeBlock)
		transposeKeyBlock(dst[start:], keys[start*stride:], stride)
	}
}

// transposeBlock is the number of keys that the kernel takes at once.
const transposeBlock = 8
