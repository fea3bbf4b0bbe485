package diffusion

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkSample is the work for one request for ten molecules with the default settings.
func BenchmarkSample(b *testing.B) {
	m := model(b)
	condition := Condition{Wanted: make([]float32, len(m.Labels()))}
	condition.Wanted[0] = 1
	for b.Loop() {
		drafts, err := m.Blanks(rand.New(rand.NewPCG(1, 1)), condition, 17)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Sample(b.Context(), drafts, condition, DefaultSettings()); err != nil {
			b.Fatal(err)
		}
	}
}
