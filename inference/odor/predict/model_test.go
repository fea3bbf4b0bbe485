package predict

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/weights"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// small describes a model of one fragment, one label and one layer; change can
// spoil it.
type small struct {
	metadata map[string]any
	shapes   map[string][]int
}

func newSmall() small {
	return small{
		metadata: map[string]any{
			"model": modelName, "radius": Radius, "properties": Properties,
			"layers": 1, "labels": []string{"sweet"}, "fragments": []uint32{7},
		},
		shapes: map[string][]int{
			"embedding.weight": {1 + Properties, 2}, "embedding.bias": {2},
			"layer0.weight": {2, 1}, "layer0.bias": {1},
			"calibration.slope": {1}, "calibration.offset": {1},
		},
	}
}

// file writes the model as a file of zeros.
func (s small) file(t testing.TB) []byte {
	t.Helper()
	type entry struct {
		Name  string `json:"name"`
		Shape []int  `json:"shape"`
		Type  string `json:"dtype"`
	}
	var entries []entry
	var payload []byte
	for name, shape := range s.shapes {
		entries = append(entries, entry{name, shape, "float16"})
		count := 1
		for _, d := range shape {
			count *= d
		}
		payload = append(payload, make([]byte, 2*count)...)
	}
	header, err := json.Marshal(map[string]any{"tensors": entries, "metadata": s.metadata})
	if err != nil {
		t.Fatal(err)
	}
	data := binary.LittleEndian.AppendUint32([]byte(weights.Magic), weights.Version)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(header)))
	data = append(append(data, header...), payload...)
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

func TestModelOfZerosIsUndecided(t *testing.T) {
	p, err := New(newSmall().file(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Probabilities(chemtest.Parse(t, "CCO")); len(got) != 1 || got[0] != 0.5 {
		t.Errorf("probabilities %v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(small)
		want  string
	}{
		"another model":       {func(s small) { s.metadata["model"] = "denoiser" }, `holds "denoiser"`},
		"another radius":      {func(s small) { s.metadata["radius"] = 3 }, "radius 3"},
		"other properties":    {func(s small) { s.metadata["properties"] = 1 }, "1 properties"},
		"no layers":           {func(s small) { s.metadata["layers"] = 0 }, "0 layers"},
		"too many layers":     {func(s small) { s.metadata["layers"] = 1 << 40 }, "layers"},
		"more labels":         {func(s small) { s.metadata["labels"] = []string{"sweet", "sour"} }, "1 outputs for 2 labels"},
		"a fragment twice":    {func(s small) { s.metadata["fragments"] = []uint32{7, 7} }, "twice"},
		"more fragments":      {func(s small) { s.metadata["fragments"] = []uint32{7, 8} }, "embedding.weight"},
		"metadata of a list":  {func(s small) { s.metadata["labels"] = 1 }, "metadata"},
		"a missing layer":     {func(s small) { delete(s.shapes, "layer0.bias") }, "layer0.bias"},
		"a layer of its own":  {func(s small) { s.shapes["layer0.weight"] = []int{3, 1} }, "layer0.weight"},
		"no calibration":      {func(s small) { delete(s.shapes, "calibration.slope") }, "calibration.slope"},
		"half a calibration":  {func(s small) { delete(s.shapes, "calibration.offset") }, "calibration.offset"},
		"a matrix for a bias": {func(s small) { s.shapes["embedding.bias"] = []int{2, 1} }, "embedding.bias"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSmall()
			c.spoil(s)
			_, err := New(s.file(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := New(nil); err == nil {
		t.Error("an empty file is read")
	}
}

func FuzzProbabilities(f *testing.F) {
	p := predictor(f)
	for _, smiles := range []string{"CCO", "c1ccccc1", "[Fe+2].[Cl-]", "C12C3C4C1C5C2C3C45"} {
		f.Add(smiles)
	}
	f.Fuzz(func(t *testing.T, smiles string) {
		if m, err := chem.Parse(smiles); err == nil {
			checkProbabilities(t, p, m)
		}
	})
}
