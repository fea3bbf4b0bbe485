package diffusion

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
)

// parityCase is what the trainer's own network says to an input (see
// inference/training/export_diffusion.py).
type parityCase struct {
	// not bytes, which JSON would hold as base64
	Tokens    []int              `json:"tokens"`
	Condition map[string]float32 `json:"condition"`
	Logits    [][]float32        `json:"logits"`
	Lengths   []float32          `json:"lengths"`
}

func parityCases(t *testing.T) []parityCase {
	t.Helper()
	data, err := os.ReadFile("testdata/parity.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []parityCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	return cases
}

func (c parityCase) tokens() []uint8 {
	tokens := make([]uint8, len(c.Tokens))
	for i, t := range c.Tokens {
		tokens[i] = uint8(t)
	}
	return tokens
}

func (c parityCase) vector(t *testing.T, width int) []float32 {
	t.Helper()
	out := make([]float32, width)
	for key, value := range c.Condition {
		i, err := strconv.Atoi(key)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = value
	}
	return out
}

const parityTolerance = 1e-4

func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if diff := math.Abs(float64(got[i] - want[i])); diff > parityTolerance {
			t.Fatalf("%s: value %d is %g, the trainer's %g", what, i, got[i], want[i])
		}
	}
}

func TestNetworkEqualsTheTrainers(t *testing.T) {
	m := model(t)
	n := m.network
	w := newWorkspace(n)
	for i, c := range parityCases(t) {
		condition := c.vector(t, n.condition())
		s := &sequence{
			tokens:     c.tokens(),
			modulation: n.modulate(condition, len(c.Tokens)),
			logits:     make([]float32, len(c.Tokens)*n.Tokens),
		}
		n.forward(w, []*sequence{s})
		for row, want := range c.Logits {
			compare(t, "case "+strconv.Itoa(i)+" token "+strconv.Itoa(row), s.logits[row*n.Tokens:], want)
		}
		compare(t, "lengths of case "+strconv.Itoa(i), n.lengths(condition), c.Lengths)
	}
}

func model(t testing.TB) *Model {
	t.Helper()
	m, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
