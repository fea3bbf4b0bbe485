package main

import (
	"math"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// model makes the model of what was learned, and calibrates it on the samples
// that are for that.
func (l *learner) model(t *tables.Tables) *guard.Model {
	p := guard.Parameters{Weights: make([][guard.Classes]float32, guard.Buckets)}
	for bucket, w := range l.weights {
		p.Weights[bucket] = w
	}
	for length, w := range l.bias {
		for class, value := range w {
			p.Bias[length][class] = float64(value)
		}
	}
	m := guard.New(p)
	var held []tables.Sample
	for _, s := range t.Samples {
		if s.Use == tables.ForCalibration {
			held = append(held, s)
		}
	}
	var all []guard.Scores
	for i := range held {
		all = append(all, m.Score(held[i].Text))
	}
	for class := range guard.Class(guard.Classes) {
		slope, shift := platt(held, all, class)
		m.Calibrate(class, slope, shift)
	}
	return m
}

// platt fits a logistic curve from scores to classes (Platt 1999), by Newton's
// method, as if half of the texts were scents and the other classes shared the
// rest evenly.
func platt(held []tables.Sample, all []guard.Scores, class guard.Class) (slope, shift float64) {
	var counts [guard.Classes]float64
	for i := range held {
		counts[held[i].Class]++
	}
	slope = 1
	for range 50 {
		var g0, g1, h00, h01, h11 = 0.0, 1e-3 * (slope - 1), 1e-6, 0.0, 1e-3
		for i := range held {
			z := logit(all[i][class].Probability)
			weight := mix(held[i].Class) * float64(len(held)) / counts[held[i].Class]
			target := 1 / (counts[class] + 2) // as if two more had been seen
			if held[i].Class == class {
				target = 1 - target
			}
			p := sigmoid(slope*z + shift)
			g0 += weight * (p - target)
			g1 += weight * (p - target) * z
			curve := weight * p * (1 - p)
			h00, h01, h11 = h00+curve, h01+curve*z, h11+curve*z*z
		}
		determinant := h00*h11 - h01*h01
		if determinant < 1e-9 {
			break
		}
		// Steps of at most one, for far away the curve is flat.
		shift -= max(-1, min((g0*h11-g1*h01)/determinant, 1))
		slope -= max(-1, min((g1*h00-g0*h01)/determinant, 1))
		slope = max(0.1, min(slope, 10))
	}
	return slope, shift
}

// mix is how many of the texts are of a class, for the calibration.
func mix(class guard.Class) float64 {
	if class == guard.Scent {
		return 0.5
	}
	return 0.5 / (guard.Classes - 1)
}

func logit(p float64) float64 {
	p = max(1e-9, min(p, 1-1e-9))
	return math.Log(p / (1 - p))
}
