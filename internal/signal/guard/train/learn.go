package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// options are what a training may be told.
type options struct {
	seed   uint64
	epochs int
	rate   float64 // of the first epoch; that of the last is a tenth of it
	runs   int     // trainings, each with a seed of its own, that are averaged
}

// weights are those of a bucket, by class.
type weights [guard.Classes]float32

// learner trains one logistic regression a class, on windows, by AdaGrad.
type learner struct {
	options
	rng         *rand.Rand
	weights     []weights
	squares     []weights // of the gradients
	bias        []weights // by length
	biasSquares []weights
}

// example is a window to learn from.
type example struct {
	features []int
	class    guard.Class
	weight   float32
}

// learn trains on the samples that are for training, and averages the runs:
// what one learns by chance, the other rarely does.
func learn(t *tables.Tables, o options) *learner {
	mean := learnOnce(t, o)
	for range o.runs - 1 {
		o.seed++
		next := learnOnce(t, o)
		add(mean.weights, next.weights)
		add(mean.bias, next.bias)
	}
	divide(mean.weights, o.runs)
	divide(mean.bias, o.runs)
	return mean
}

func add(sums, all []weights) {
	for i := range sums {
		for class := range sums[i] {
			sums[i][class] += all[i][class]
		}
	}
}

func divide(sums []weights, by int) {
	for i := range sums {
		for class := range sums[i] {
			sums[i][class] /= float32(by)
		}
	}
}

func learnOnce(t *tables.Tables, o options) *learner {
	l := &learner{
		options:     o,
		rng:         newRandom(o.seed),
		weights:     make([]weights, guard.Buckets),
		squares:     make([]weights, guard.Buckets),
		bias:        make([]weights, guard.Lengths),
		biasSquares: make([]weights, guard.Lengths),
	}
	d := newDealer(t, l.rng)
	for epoch := range o.epochs {
		examples := d.examples()
		rate := o.rate * (1 - 0.9*float64(epoch)/float64(o.epochs))
		for _, i := range l.rng.Perm(len(examples)) {
			l.step(&examples[i], rate)
		}
	}
	return l
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) } //nolint:gosec // training must be repeatable

// step moves the weights by an example.
func (l *learner) step(e *example, rate float64) {
	if len(e.features) == 0 {
		return
	}
	x := float32(1 / math.Sqrt(float64(len(e.features))))
	length := guard.LengthOf(len(e.features))
	var sum weights
	for _, bucket := range e.features {
		for class, w := range l.weights[bucket] {
			sum[class] += w
		}
	}
	var gradient weights
	for class := range sum {
		p := float32(sigmoid(float64(float32(sum[class]*x) + l.bias[length][class])))
		if guard.Class(class) == e.class {
			p--
		}
		gradient[class] = p * e.weight
	}
	descend(&l.bias[length], &l.biasSquares[length], gradient, 1, rate)
	for _, bucket := range e.features {
		descend(&l.weights[bucket], &l.squares[bucket], gradient, x, rate)
	}
}

// descend takes a step of AdaGrad. The conversions keep a compiler from joining
// a product and a sum, which some processors round differently.
func descend(w, squares *weights, gradient weights, x float32, rate float64) {
	for class := range w {
		g := float32(gradient[class] * x)
		squares[class] += float32(g * g)
		w[class] -= float32(float32(rate) * g / float32(math.Sqrt(float64(squares[class])+1e-6)))
	}
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// dealer makes the examples of an epoch. Each epoch it writes the samples
// anew: with other parts in the templates, other errors and other company.
type dealer struct {
	parts   tables.Parts
	rng     *rand.Rand
	samples []tables.Sample
	scents  []*tables.Sample
	others  []*tables.Sample
	weights map[balance]float64
	held    map[string]bool // texts that are not for training
}

// balance is what the samples that share a weight have in common.
type balance struct {
	class    guard.Class
	language string
}

func balanceOf(s *tables.Sample) balance { return balance{s.Class, s.Language} }

func newDealer(t *tables.Tables, rng *rand.Rand) *dealer {
	d := &dealer{parts: t.Parts, rng: rng, held: map[string]bool{}}
	for _, s := range t.Samples {
		if s.Use == tables.ForTraining {
			d.samples = append(d.samples, s)
		} else {
			d.held[s.Text] = true
		}
	}
	for i := range d.samples {
		s := &d.samples[i]
		if s.Class == guard.Scent {
			d.scents = append(d.scents, s)
		} else {
			d.others = append(d.others, s)
		}
	}
	d.weights = weigh(d.samples)
	return d
}

// weigh returns the weights of samples: a class of many lines in a language
// does not outweigh one of few, and in each language scents weigh as much as
// all else, so that a language is no sign of either.
func weigh(samples []tables.Sample) map[balance]float64 {
	counts := map[balance]float64{}
	for i := range samples {
		counts[balanceOf(&samples[i])]++
	}
	weights, others := map[balance]float64{}, map[string]float64{}
	for _, class := range []guard.Class{guard.Other, guard.Injection, guard.Harmful} {
		for group, n := range counts {
			if group.class == class {
				weights[group] = math.Pow(n/500, -0.25)
				others[group.language] += weights[group] * n
			}
		}
	}
	for group, n := range counts {
		if group.class == guard.Scent && others[group.language] > 0 {
			weights[group] = others[group.language] / n
		}
	}
	return weights
}

// copies is how often a template is filled in an epoch.
const copies = 3

func (d *dealer) examples() (all []example) {
	for i := range d.samples {
		s := &d.samples[i]
		if s.Template {
			for range copies {
				all = d.add(all, s, d.vary(s), 1.0/copies)
			}
			continue
		}
		all = d.add(all, s, d.vary(s), 1)
	}
	for range len(d.samples) / 3 {
		all = d.company(all)
	}
	return all
}

// vary writes a sample, and fills it if it is a template.
func (d *dealer) vary(s *tables.Sample) string {
	if !s.Template {
		return varied(d.rng, s)
	}
	filled := *s
	filled.Text = d.parts.Fill(d.rng, s.Language, s.Text)
	for d.held[filled.Text] {
		filled.Text = d.parts.Fill(d.rng, s.Language, s.Text)
	}
	return varied(d.rng, &filled)
}

// company adds something beside a scent, which makes it no scent, and two
// scents, which do not.
func (d *dealer) company(all []example) []example {
	pick := func(from []*tables.Sample) *tables.Sample { return from[d.rng.IntN(len(from))] }
	if len(d.scents) == 0 || len(d.others) == 0 {
		return all
	}
	scent, second, other := pick(d.scents), pick(d.scents), pick(d.others)
	text, start, end := joined(d.rng, d.vary(scent), d.vary(other))
	for _, w := range windowsOf(text) {
		// What has little of the other is neither.
		switch in := min(w.end, end) - max(w.start, start); {
		case in <= 0:
			all = append(all, example{w.features, scent.Class, float32(d.weights[balanceOf(scent)])})
		case in >= 24 || in == end-start:
			all = append(all, example{w.features, other.Class, float32(d.weights[balanceOf(other)])})
		}
	}
	if d.rng.IntN(2) == 0 {
		text, _, _ := joined(d.rng, d.vary(scent), d.vary(second))
		all = d.add(all, scent, text, 1)
	}
	return all
}

// add adds the windows of a text. A long one does not count for much more than
// a short one.
func (d *dealer) add(all []example, s *tables.Sample, text string, weight float64) []example {
	windows := windowsOf(text)
	weight *= d.weights[balanceOf(s)] * min(1, 1.5/float64(len(windows)))
	for _, w := range windows {
		all = append(all, example{w.features, s.Class, float32(weight)})
	}
	return all
}

// window is a part of a text with its features.
type window struct {
	start, end int
	features   []int
}

// windowsOf returns the windows of a text.
func windowsOf(text string) (windows []window) {
	stretches := guard.Stretches(text)
	all := guard.Windows(len(stretches))
	slices.SortFunc(all, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for _, at := range slices.Compact(all) {
		w := window{start: stretches[at[0]].Start, end: stretches[at[1]-1].End}
		for _, s := range stretches[at[0]:at[1]] {
			w.features = append(w.features, s.Features...)
		}
		windows = append(windows, w)
	}
	return windows
}
