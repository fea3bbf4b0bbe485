// Package weights reads the files that hold trained models.
//
// A file is, in little-endian order:
//
//	8 bytes  magic, "ODORDIFF"
//	4 bytes  version of the format, 1
//	4 bytes  length of the header
//	n bytes  header: one JSON object
//	m bytes  payload: the tensors one after the other, row-major, without gaps
//	32 bytes SHA-256 of everything before
//
// The header says what the payload is:
//
//	{"tensors":  [{"name": "layer.weight", "shape": [2, 3], "dtype": "float16"}],
//	 "metadata": {"anything": "the model wants to keep"}}
//
// Shapes have one to eight dimensions; dtype is float16 (IEEE 754 binary16) or
// float32. inference/training/weights.py writes such files.
package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Magic begins every file.
const Magic = "ODORDIFF"

// Version is the format that this package reads.
const Version = 1

// Limits on what Read accepts. The payload needs none: its length is that of
// the file.
const (
	// MaxHeader is the longest header, in bytes.
	MaxHeader = 4 << 20
	// MaxTensors is the largest number of tensors.
	MaxTensors = 4096
	// MaxDimensions is the largest number of dimensions of one tensor.
	MaxDimensions = 8
)

const preamble = len(Magic) + 4 + 4

// File is a model's tensors and what was written about them.
type File struct {
	metadata json.RawMessage
	tensors  map[string]tensor
}

type tensor struct {
	shape  []int
	values []float32
}

// header is the JSON part of a file.
type header struct {
	Tensors  []entry         `json:"tensors"`
	Metadata json.RawMessage `json:"metadata"`
}

// entry describes one tensor.
type entry struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Type  string `json:"dtype"`
}

// Read checks a file and expands its tensors to float32. It needs memory for
// at most twice the file, whatever the header claims. It fails if the file is
// of another format or version, damaged, or holds a number that is not finite.
func Read(data []byte) (*File, error) {
	body, err := unseal(data)
	if err != nil {
		return nil, err
	}
	if version := binary.LittleEndian.Uint32(body[len(Magic):]); version != Version {
		return nil, fmt.Errorf("weights: format version %d, this program reads %d", version, Version)
	}
	length := binary.LittleEndian.Uint32(body[len(Magic)+4:])
	body = body[preamble:]
	if length > MaxHeader || int(length) > len(body) {
		return nil, fmt.Errorf("weights: header of %d bytes in a file with room for %d", length, min(MaxHeader, len(body)))
	}
	var h header
	if err := json.Unmarshal(body[:length], &h); err != nil {
		return nil, fmt.Errorf("weights: reading the header: %w", err)
	}
	f := &File{metadata: h.Metadata, tensors: map[string]tensor{}}
	if err := f.fill(h.Tensors, body[length:]); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return f, nil
}

// unseal checks the magic and the checksum, and cuts the checksum off.
func unseal(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(Magic)) {
		return nil, errors.New("weights: not a file of weights")
	}
	if len(data) < preamble+sha256.Size {
		return nil, errors.New("weights: the file is cut short")
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if computed := sha256.Sum256(body); !bytes.Equal(sum, computed[:]) {
		return nil, errors.New("weights: the file is damaged: its checksum does not match")
	}
	return body, nil
}

// fill reads the tensors from the payload, which they must use up.
func (f *File) fill(entries []entry, payload []byte) error {
	if len(entries) > MaxTensors {
		return fmt.Errorf("%d tensors, at most %d are read", len(entries), MaxTensors)
	}
	for _, e := range entries {
		if _, ok := f.tensors[e.Name]; ok {
			return fmt.Errorf("tensor %q is there twice", e.Name)
		}
		values, rest, err := e.read(payload)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		f.tensors[e.Name] = tensor{e.Shape, values}
		payload = rest
	}
	if len(payload) > 0 {
		return fmt.Errorf("%d bytes after the last tensor", len(payload))
	}
	return nil
}

// read reads the tensor at the start of the payload and returns what follows
// it.
func (e entry) read(payload []byte) (values []float32, rest []byte, err error) {
	var width int
	var expand func([]float32, []byte) int
	switch e.Type {
	case "float16":
		width, expand = 2, expand16
	case "float32":
		width, expand = 4, expand32
	default:
		return nil, nil, fmt.Errorf("unknown dtype %q", e.Type)
	}
	count, err := e.size(len(payload) / width)
	if err != nil {
		return nil, nil, err
	}
	values = make([]float32, count)
	if i := expand(values, payload); i >= 0 {
		return nil, nil, fmt.Errorf("value %d is not a finite number", i)
	}
	return values, payload[count*width:], nil
}

// size multiplies the dimensions; the result is 1 to most.
func (e entry) size(most int) (int, error) {
	if len(e.Shape) == 0 || len(e.Shape) > MaxDimensions {
		return 0, fmt.Errorf("%d dimensions, want 1 to %d", len(e.Shape), MaxDimensions)
	}
	count := 1
	for _, d := range e.Shape {
		if d < 1 {
			return 0, fmt.Errorf("dimension %d in shape %v", d, e.Shape)
		}
		if d > most/count {
			return 0, fmt.Errorf("shape %v is more than the %d values left in the payload", e.Shape, most)
		}
		count *= d
	}
	return count, nil
}

// Shape returns the dimensions of a tensor, nil if there is none of that name.
func (f *File) Shape(name string) []int { return slices.Clone(f.tensors[name].shape) }

// Tensor returns the values of a tensor, row-major, for the caller to keep but
// not to change. It fails unless the tensor is there with exactly this shape.
func (f *File) Tensor(name string, shape ...int) ([]float32, error) {
	t, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("weights: no tensor %q", name)
	}
	if !slices.Equal(t.shape, shape) {
		return nil, fmt.Errorf("weights: tensor %q has the shape %v, want %v", name, t.shape, shape)
	}
	return t.values, nil
}

// Metadata decodes the metadata into what v points to, as [json.Unmarshal]
// does.
func (f *File) Metadata(v any) error {
	if len(f.metadata) == 0 {
		return errors.New("weights: no metadata")
	}
	if err := json.Unmarshal(f.metadata, v); err != nil {
		return fmt.Errorf("weights: reading the metadata: %w", err)
	}
	return nil
}

// expand16 reads as many float16 values as dst holds. It returns the index of
// the first that is not finite, -1 if all are.
func expand16(dst []float32, src []byte) int {
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[2*i:])
		if h&0x7c00 == 0x7c00 {
			return i
		}
		dst[i] = fromHalf(h)
	}
	return -1
}

// expand32 is the same for float32.
func expand32(dst []float32, src []byte) int {
	for i := range dst {
		bits := binary.LittleEndian.Uint32(src[4*i:])
		if bits&0x7f800000 == 0x7f800000 {
			return i
		}
		dst[i] = math.Float32frombits(bits)
	}
	return -1
}

// fromHalf converts a finite IEEE 754 binary16 number. Moved to where float32
// keeps exponent and fraction, its exponent is 127-15 too small; multiplying by
// a power of two mends that exactly, for subnormal numbers as well.
func fromHalf(h uint16) float32 {
	magnitude := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	if h&0x8000 != 0 {
		return -magnitude
	}
	return magnitude
}
