package diffusion

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/odordiff/odordiff/inference/chem/grammar"
	"github.com/odordiff/odordiff/inference/weights"
)

//go:embed diffusion.bin
var embedded []byte

// Model is a trained denoiser ready to sample. It is safe for concurrent use.
type Model struct {
	info    info
	number  map[string]int
	grammar *grammar.Grammar
	network *network
	batcher *batcher
	known   []uint64
}

// info is what a file of weights says about its model.
type info struct {
	Shape      shape      `json:"shape"`
	Vocabulary []string   `json:"vocabulary"`
	Labels     []string   `json:"labels"`
	Prevalence []float64  `json:"prevalence"`
	Properties []property `json:"properties"`
}

// shape is the sizes of a denoiser, as in inference/training/denoiser.py.
type shape struct {
	Tokens       int `json:"tokens"`
	Labels       int `json:"labels"`
	Properties   int `json:"properties"`
	MaxTokens    int `json:"max_tokens"`
	Width        int `json:"width"`
	Layers       int `json:"layers"`
	LengthsWidth int `json:"lengths_width"`
}

// condition is the width of a condition's vector: wanted labels, unwanted
// labels, properties, and which properties are set.
func (s shape) condition() int { return 2*s.Labels + 2*s.Properties }

// property is a figure that a request may ask for, and how it is scaled.
type property struct {
	Name  string  `json:"name"`
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
}

// Default returns the embedded model. It is read once.
var Default = sync.OnceValues(func() (*Model, error) { return Load(embedded) })

// Load reads a model from a file of weights (see package weights). It fails on
// a damaged file and on one of another kind of model.
func Load(data []byte) (*Model, error) {
	file, err := weights.Read(data)
	if err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	m := &Model{number: map[string]int{}}
	if err := file.Metadata(&m.info); err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	if err := m.info.check(); err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	for i, token := range m.info.Vocabulary {
		m.number[token] = i
	}
	if m.grammar, err = grammar.New(m.info.Vocabulary); err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	if m.network, err = loadNetwork(file, m.info.Shape); err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	if m.known, err = readKnown(knownTable); err != nil {
		return nil, fmt.Errorf("reading the diffusion model: %w", err)
	}
	m.batcher = newBatcher(m.network)
	return m, nil
}

// Bounds on the sizes that a file may claim, far above any model trained here.
const (
	maxWidth  = 4096
	maxLayers = 256
	maxTokens = 256 // token numbers are bytes
)

func (i info) check() error {
	s := i.Shape
	switch {
	case s.Tokens != len(i.Vocabulary) || s.Tokens < 2 || s.Tokens > maxTokens:
		return fmt.Errorf("%d tokens for a vocabulary of %d", s.Tokens, len(i.Vocabulary))
	case s.Labels != len(i.Labels) || s.Labels == 0:
		return fmt.Errorf("%d labels, %d of them named", s.Labels, len(i.Labels))
	case s.Labels != len(i.Prevalence):
		return fmt.Errorf("%d labels, the prevalence of %d", s.Labels, len(i.Prevalence))
	case s.Properties != len(i.Properties):
		return fmt.Errorf("%d properties, %d of them named", s.Properties, len(i.Properties))
	case s.MaxTokens < 1 || s.MaxTokens > maxTokens:
		return fmt.Errorf("molecules of %d tokens", s.MaxTokens)
	case s.Width < headWidth || s.Width > maxWidth || s.Width%headWidth != 0 || s.LengthsWidth < 1 || s.LengthsWidth > maxWidth:
		return fmt.Errorf("width %d, and %d for lengths", s.Width, s.LengthsWidth)
	case s.Layers < 1 || s.Layers > maxLayers:
		return fmt.Errorf("%d layers", s.Layers)
	}
	return nil
}

// Labels returns the odor labels that a condition speaks of, in order.
func (m *Model) Labels() []string { return slices.Clone(m.info.Labels) }

// Prevalence returns the share of the labelled molecules of the training table
// that have each label, 0 to 1.
func (m *Model) Prevalence() []float64 { return slices.Clone(m.info.Prevalence) }

// MaxTokens is the largest number of tokens of a molecule.
func (m *Model) MaxTokens() int { return m.info.Shape.MaxTokens }
