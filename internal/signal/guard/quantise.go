package guard

import (
	"math"
	"slices"
)

// Parameters are what a training finds.
type Parameters struct {
	// Weights are those of each bucket, [Buckets] of them.
	Weights [][Classes]float32
	// Bias is by [LengthOf] a window's features.
	Bias [Lengths][Classes]float64
}

// New makes a model of its parameters. Its weights have one byte each. The few
// largest are cut, so that the others are finer. Its scores are not calibrated
// yet.
func New(p Parameters) *Model {
	m := &Model{bias: p.Bias}
	for class := range Classes {
		m.slope[class] = 1
		m.scale[class] = scaleOf(p.Weights, class)
	}
	for bucket, weights := range p.Weights {
		var packed uint32
		for class, weight := range weights {
			level := math.Round(float64(weight) / m.scale[class])
			packed |= uint32(max(-127, min(127, level))+128) << (8 * class)
		}
		if bucket < len(m.chars) {
			m.chars[bucket] = packed
		} else {
			m.words[bucket-len(m.chars)] = packed
		}
	}
	return m
}

// scaleOf returns the weight of one level: 127 of them reach all but a
// thousandth of the weights of a class.
func scaleOf(weights [][Classes]float32, class int) float64 {
	sizes := make([]float64, len(weights))
	for i := range weights {
		sizes[i] = math.Abs(float64(weights[i][class]))
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)-1-len(sizes)/1000], 1e-6) / 127
}

// Calibrate sets what makes a probability of a window's sum: the logit is the
// sum times slope, plus shift.
func (m *Model) Calibrate(class Class, slope, shift float64) {
	m.slope[class], m.shift[class] = slope, shift
}
