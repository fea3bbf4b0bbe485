package diffusion

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
)

// reheaded returns the embedded file with its metadata changed, under a
// checksum that is right.
func reheaded(t *testing.T, change func(metadata map[string]any)) []byte {
	t.Helper()
	const preamble = 16
	length := int(binary.LittleEndian.Uint32(embedded[12:]))
	var header map[string]any
	if err := json.Unmarshal(embedded[preamble:preamble+length], &header); err != nil {
		t.Fatal(err)
	}
	change(header["metadata"].(map[string]any))
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	body := append([]byte(nil), embedded[:12]...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(text)))
	body = append(body, text...)
	body = append(body, embedded[preamble+length:len(embedded)-sha256.Size]...)
	sum := sha256.Sum256(body)
	return append(body, sum[:]...)
}

func TestLoadRefusesWhatIsNoModel(t *testing.T) {
	shape := func(name string, value float64) func(map[string]any) {
		return func(metadata map[string]any) { metadata["shape"].(map[string]any)[name] = value }
	}
	for _, c := range []struct {
		name   string
		data   []byte
		reason string
	}{
		{"nothing", nil, "not a file of weights"},
		{"a damaged file", append([]byte(nil), embedded[:len(embedded)-1]...), "checksum"},
		{"another width", reheaded(t, shape("width", 64)), "shape"},
		{"a width that heads do not divide", reheaded(t, shape("width", 100)), "width 100"},
		{"a huge width", reheaded(t, shape("width", 1e9)), "width"},
		{"too many layers", reheaded(t, shape("layers", 7)), "layers.6"},
		{"no layers", reheaded(t, shape("layers", 0)), "0 layers"},
		{"fewer tokens than named", reheaded(t, shape("tokens", 3)), "vocabulary"},
		{"longer molecules", reheaded(t, shape("max_tokens", 1e6)), "1000000 tokens"},
		{"unnamed labels", reheaded(t, func(m map[string]any) { m["labels"] = []string{"rose"} }), "labels"},
		{"no prevalence", reheaded(t, func(m map[string]any) { m["prevalence"] = nil }), "prevalence"},
		{"unnamed properties", reheaded(t, func(m map[string]any) { m["properties"] = nil }), "properties"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.data)
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("error %v, want one about %q", err, c.reason)
			}
		})
	}
}

func TestKnownMolecules(t *testing.T) {
	m := model(t)
	for smiles, known := range map[string]bool{
		"COc1cc(C=O)ccc1O":                  true,  // vanillin
		"C=C[C@](C)(O)CCC=C(C)C":            true,  // linalool with stereo
		"CC(C)(C)C1CC1OCCSCCCC2CCCCC2(C)CO": false, // nobody's
	} {
		if got := m.Known(chemtest.Parse(t, smiles)); got != known {
			t.Errorf("%s is known: %t", smiles, got)
		}
	}
}

func TestReadKnownRefusesDamage(t *testing.T) {
	for name, table := range map[string][]byte{"cut": knownTable[:11], "out of order": append(append([]byte(nil), knownTable[8:16]...), knownTable[:8]...)} {
		if _, err := readKnown(table); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}
