package predict

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/weights"
)

// maxLayers bounds the dense layers of a model.
const maxLayers = 8

// layer is a dense layer, one row of weights an input.
type layer struct {
	weight, bias []float32
}

// width is the number of outputs.
func (l layer) width() int { return len(l.bias) }

// network is a multilayer perceptron with rectified units between its layers.
// It begins with a linear embedding, of lower rank than the first layer is
// wide, that takes sparse input: a molecule has some hundred of many thousand
// fragments.
type network struct {
	embedding layer
	layers    []layer
}

func readNetwork(file *weights.File, inputs, outputs, layers int) (*network, error) {
	if layers < 1 || layers > maxLayers {
		return nil, fmt.Errorf("predict: a model of %d layers", layers)
	}
	n := &network{}
	var err error
	if n.embedding, err = readLayer(file, "embedding", inputs); err != nil {
		return nil, err
	}
	width := n.embedding.width()
	for i := range layers {
		l, err := readLayer(file, fmt.Sprintf("layer%d", i), width)
		if err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
		width = l.width()
	}
	if width != outputs {
		return nil, fmt.Errorf("predict: a model with %d outputs for %d labels", width, outputs)
	}
	return n, nil
}

// readLayer reads the tensors NAME.weight, inputs x outputs, and NAME.bias.
func readLayer(file *weights.File, name string, inputs int) (layer, error) {
	shape := file.Shape(name + ".bias")
	if len(shape) != 1 {
		return layer{}, fmt.Errorf("predict: the model has no vector %s.bias", name)
	}
	bias, err := file.Tensor(name+".bias", shape[0])
	if err != nil {
		return layer{}, err
	}
	weight, err := file.Tensor(name+".weight", inputs, shape[0])
	if err != nil {
		return layer{}, err
	}
	return layer{weight, bias}, nil
}

// run computes the outputs for the inputs that are not 0.
func (n *network) run(inputs []input) []float32 {
	values := make([]float32, n.embedding.width())
	copy(values, n.embedding.bias)
	for _, in := range inputs {
		addScaled(values, in.value, n.embedding.row(in.index))
	}
	for i, l := range n.layers {
		if i > 0 {
			rectify(values)
		}
		values = l.apply(values)
	}
	return values
}

func (l layer) row(input int) []float32 {
	return l.weight[input*l.width() : (input+1)*l.width()]
}

// apply computes the layer's outputs. Inputs of 0 cost nothing.
func (l layer) apply(inputs []float32) []float32 {
	outputs := make([]float32, l.width())
	copy(outputs, l.bias)
	for i, v := range inputs {
		if v != 0 {
			addScaled(outputs, v, l.row(i))
		}
	}
	return outputs
}

// rectify replaces negative values by 0.
func rectify(values []float32) {
	for i, v := range values {
		values[i] = max(v, 0)
	}
}

// addScaled adds scale times src to dst, which are of equal length.
func addScaled(dst []float32, scale float32, src []float32) {
	src = src[:len(dst)]
	for len(dst) >= 4 {
		dst[0] += scale * src[0]
		dst[1] += scale * src[1]
		dst[2] += scale * src[2]
		dst[3] += scale * src[3]
		dst, src = dst[4:], src[4:]
	}
	for i := range dst {
		dst[i] += scale * src[i]
	}
}
