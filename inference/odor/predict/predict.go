// Package predict predicts from a molecule's structure how it may smell: a
// calibrated probability for each of some 145 odor labels.
//
// The model is a small neural network over the molecule's fragments, trained by
// inference/training/predictor.py on published odor descriptions. How well it
// does, and where it fails, is in docs/inference/odor-prediction.md. It says
// nothing about strength or safety.
package predict

import (
	_ "embed" // the trained model
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/weights"
)

//go:embed predictor.weights
var trained []byte

// Default returns the built-in predictor. It is decoded once.
var Default = sync.OnceValues(func() (*Predictor, error) { return New(trained) })

// Predictor predicts odors. It is safe for concurrent use.
type Predictor struct {
	labels    []string
	fragments map[uint32]int // the input of each fragment that the model knows
	network   *network
	// The probability of a label is the logistic function of slope times the
	// network's output plus offset (Platt, Advances in Large Margin
	// Classifiers, 1999).
	slope, offset []float32
}

// metadata is what the trainer writes beside the tensors.
type metadata struct {
	Model      string   `json:"model"`
	Radius     int      `json:"radius"`
	Properties int      `json:"properties"`
	Layers     int      `json:"layers"`
	Labels     []string `json:"labels"`
	Fragments  []uint32 `json:"fragments"`
}

// modelName is what a file for this package calls itself.
const modelName = "odor predictor 1"

// New reads a predictor that the trainer wrote.
func New(data []byte) (*Predictor, error) {
	file, err := weights.Read(data)
	if err != nil {
		return nil, fmt.Errorf("predict: reading the model: %w", err)
	}
	var meta metadata
	if err := file.Metadata(&meta); err != nil {
		return nil, fmt.Errorf("predict: reading the model: %w", err)
	}
	if err := meta.check(); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	p := &Predictor{labels: meta.Labels, fragments: make(map[uint32]int, len(meta.Fragments))}
	for i, id := range meta.Fragments {
		p.fragments[id] = i
	}
	if len(p.fragments) != len(meta.Fragments) {
		return nil, errors.New("predict: the model lists a fragment twice")
	}
	if p.network, err = readNetwork(file, len(meta.Fragments)+Properties, len(meta.Labels), meta.Layers); err != nil {
		return nil, err
	}
	if p.slope, err = file.Tensor("calibration.slope", len(meta.Labels)); err != nil {
		return nil, err
	}
	if p.offset, err = file.Tensor("calibration.offset", len(meta.Labels)); err != nil {
		return nil, err
	}
	return p, nil
}

func (m metadata) check() error {
	if m.Model != modelName {
		return fmt.Errorf("the file holds %q, not %q", m.Model, modelName)
	}
	if m.Radius != Radius || m.Properties != Properties {
		return fmt.Errorf("the model wants radius %d and %d properties, this program computes %d and %d",
			m.Radius, m.Properties, Radius, Properties)
	}
	return nil
}

// Labels lists the odor labels in the order of all results, the most frequent
// first.
func (p *Predictor) Labels() []string { return slices.Clone(p.labels) }

// Probabilities returns the probability, 0 to 1, that each label is used for a
// molecule's smell. Labels are not exclusive: the probabilities do not add up
// to 1.
func (p *Predictor) Probabilities(m *chem.Molecule) []float64 {
	logits := p.network.run(p.inputs(Describe(m)))
	probabilities := make([]float64, len(logits))
	for i, logit := range logits {
		z := float64(p.slope[i])*float64(logit) + float64(p.offset[i])
		probabilities[i] = 1 / (1 + math.Exp(-z))
	}
	return probabilities
}

// input is one input of the network that is not 0.
type input struct {
	index int
	value float32
}

// inputs returns the fragments that the model knows, on a logarithmic scale,
// and after them the properties.
func (p *Predictor) inputs(d Description) []input {
	inputs := make([]input, 0, len(d.Fragments)+Properties)
	for _, f := range d.Fragments {
		if i, ok := p.fragments[f.ID]; ok {
			inputs = append(inputs, input{i, float32(math.Log1p(float64(f.Count)))})
		}
	}
	for i, value := range d.Properties {
		if value != 0 {
			inputs = append(inputs, input{len(p.fragments) + i, value})
		}
	}
	return inputs
}
