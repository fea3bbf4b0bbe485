// Package guard scores what a text is about: a scent, something else, an
// attempt to take over the instructions of a model, or a request for harm. The
// scores are a signal for rules, never a verdict: docs/model/guard.md says how
// good they are and what they must not be used for.
//
// The model is linear. A text counts for the hashed n-grams of its characters
// and words ([Stretches] defines them), each of which has a weight for each
// class. Long texts are judged by windows, and the worst window decides, so
// that a little harm is not hidden by much perfume.
package guard

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
	"sync"
)

// Class is what a text may be about.
type Class int

// The classes. A text may be of several: an injection that is dressed as a wish
// for a scent is one.
const (
	// Scent is a scent: a wish for one, its description, a material, a name.
	Scent Class = iota
	// Other is a harmless text about something else.
	Other
	// Injection is an attempt to replace or learn a model's instructions.
	Injection
	// Harmful is a request for what hurts people.
	Harmful
	// Classes is how many there are.
	Classes = iota
)

// String returns the class as the tables of the corpus have it.
func (c Class) String() string {
	return [Classes]string{"scent", "other", "injection", "harmful"}[c]
}

// Score is how much a text is of a class.
type Score struct {
	// Probability is calibrated, from 0 to 1. docs/model/guard.md says on what.
	Probability float64
	// Start and End are the bytes of the window that decided.
	Start, End int
}

// Scores are the scores of a text, by [Class]. That of [Scent] is of the window
// that has least of it, the others are of the window that has most.
type Scores [Classes]Score

// Lengths is how many Lengths of windows have a bias of their own.
const Lengths = 8

// Model is a trained model. It is safe for concurrent use.
type Model struct {
	// chars and words hold four weights a bucket, one byte a class, the first
	// class in the lowest. A byte of 128 is a weight of zero.
	chars [1 << charBits]uint32
	words [1 << wordBits]uint32

	scale [Classes]float64          // of the weights
	bias  [Lengths][Classes]float64 // by LengthOf
	// slope and shift make a logit of a window's sum.
	slope, shift [Classes]float64
}

// magic begins an encoded model, and names the version of the features.
const magic = "odguard3"

// Size is how long an encoded model is, in bytes.
const Size = len(magic) + 4*Classes*(3+Lengths) + 4*(1<<charBits+1<<wordBits)

// errFormat says that bytes are no model.
var errFormat = errors.New("not a model of this version")

//go:embed guard.bin
var embedded []byte

// Default returns the model in the binary.
var Default = sync.OnceValue(func() *Model {
	m, err := Decode(embedded)
	if err != nil {
		panic("guard.bin: " + err.Error()) // the tests read it
	}
	return m
})

// Decode reads a model as [Model.Encode] writes it.
func Decode(data []byte) (*Model, error) {
	if len(data) != Size || string(data[:len(magic)]) != magic {
		return nil, errFormat
	}
	data = data[len(magic):]
	m := new(Model)
	for _, numbers := range m.numbers() {
		for class := range numbers {
			value := float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
			if math.IsNaN(value) || math.IsInf(value, 0) {
				return nil, errFormat
			}
			numbers[class], data = value, data[4:]
		}
	}
	for _, table := range m.tables() {
		for bucket := range table {
			table[bucket], data = binary.LittleEndian.Uint32(data), data[4:]
		}
	}
	return m, nil
}

// Encode returns the model's bytes, [Size] of them.
func (m *Model) Encode() []byte {
	data := append(make([]byte, 0, Size), magic...)
	for _, numbers := range m.numbers() {
		for _, value := range numbers {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(value)))
		}
	}
	for _, table := range m.tables() {
		for _, weights := range table {
			data = binary.LittleEndian.AppendUint32(data, weights)
		}
	}
	return data
}

// numbers are the model's numbers by class, in the order of the format.
func (m *Model) numbers() []*[Classes]float64 {
	all := []*[Classes]float64{&m.scale, &m.slope, &m.shift}
	for i := range m.bias {
		all = append(all, &m.bias[i])
	}
	return all
}

func (m *Model) tables() [][]uint32 { return [][]uint32{m.chars[:], m.words[:]} }
