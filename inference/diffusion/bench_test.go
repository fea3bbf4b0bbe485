package diffusion

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkSample is the sampling of 22 molecules, as for a request for ten,
// with the default settings.
func BenchmarkSample(b *testing.B) {
	m := model(b)
	condition := &Condition{Wanted: make([]float32, len(m.Labels()))}
	condition.Wanted[0] = 1
	for b.Loop() {
		tasks, err := m.Blanks(rand.New(rand.NewPCG(1, 1)), condition, 22)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Sample(b.Context(), tasks, DefaultSettings()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPass is one look at 32 molecules of 24 tokens: what
// inference/training/bench_model.py compares with the trainer's framework.
func BenchmarkPass(b *testing.B) {
	m := model(b)
	modulation := m.network.modulate(m.info.vector(Condition{}), 24)
	j := newJob(nil)
	for range 32 {
		j.sequences = append(j.sequences, &sequence{
			tokens:     make([]uint8, 24),
			modulation: modulation,
			logits:     make([]float32, 24*m.info.Shape.Tokens),
		})
	}
	// of as many workers as there are processors now
	batcher := newBatcher(m.network)
	batcher.run(j)
	for b.Loop() {
		batcher.run(j)
	}
}
