package diffusion

import (
	"math"
	"math/rand/v2"

	"github.com/odordiff/odordiff/inference/chem/grammar"
)

// decoder fills one draft from left to right.
type decoder struct {
	draft  Draft
	tokens []uint8
	rng    *rand.Rand
	// guided and free are the network's views of the tokens with and without
	// the condition, nil where the guidance needs only the other.
	guided, free *sequence
	// gap is the gap being filled, and place the next token in it.
	gap, place int
	state      grammar.State
	masked     int
	left       int // steps
	err        error

	start   grammar.State
	allowed []bool
	chances []float64
	order   []uint8
}

func (m *Model) newDecoder(draft Draft, steps int, rng *rand.Rand) *decoder {
	count := m.info.Shape.Tokens
	d := &decoder{
		draft:   draft,
		left:    steps,
		tokens:  append([]uint8(nil), draft.tokens...),
		rng:     rng,
		start:   m.grammar.Start(),
		allowed: make([]bool, count),
		chances: make([]float64, count),
		order:   make([]uint8, count),
	}
	for _, g := range draft.gaps {
		d.masked += g.end - g.first
	}
	if d.masked > 0 {
		d.enter(0)
	}
	return d
}

// enter begins a gap. The last gap continues the text before it. An inner gap
// is a fragment of its own: its rings and branches are closed within it and its
// ring numbers are changed in the end, so that later gaps only need its first
// atom.
func (d *decoder) enter(index int) {
	d.gap, d.place = index, d.draft.gaps[index].first
	d.state = d.start
	if d.draft.gaps[index].inner {
		return
	}
	for i, given := range d.tokens[:d.place] {
		if g, inner := d.draft.innerGap(i); inner && i > g.first {
			continue
		}
		if d.state.Push(int(given)) != nil {
			d.fail()
			return
		}
	}
}

func (d *decoder) fail() { d.masked, d.err = 0, ErrDeadEnd }

// step fills an even share of the masked tokens, and more where the network is
// sure.
func (d *decoder) step(s *Settings) {
	due := (d.masked + d.left - 1) / d.left
	d.left--
	d.unmask(s, due)
}

// unmask chooses the next tokens: at least as many as are due, and further ones
// while the network is sure of them.
func (d *decoder) unmask(s *Settings, due int) {
	for n := 0; d.masked > 0; n++ {
		if !d.weigh(s) {
			d.fail()
			return
		}
		if n >= due && d.chances[d.order[0]] < s.Confident {
			return
		}
		d.choose(d.draw(s.Nucleus))
	}
}

// weigh sets the chances of the tokens that are allowed at the next place, and
// their order, the likeliest first. It reports whether any token is allowed.
func (d *decoder) weigh(s *Settings) bool {
	d.state.Allowed(d.draft.gaps[d.gap].end-d.place, d.allowed)
	d.order = d.order[:0]
	for i, ok := range d.allowed {
		if ok && i != mask {
			d.chances[i] = d.logit(s.Guidance, i) / s.Temperature
			d.order = append(d.order, uint8(i))
		}
	}
	if len(d.order) == 0 {
		return false
	}
	d.sort()
	highest, sum := d.chances[d.order[0]], 0.0
	for _, i := range d.order {
		d.chances[i] = math.Exp(d.chances[i] - highest)
		sum += d.chances[i]
	}
	for _, i := range d.order {
		d.chances[i] /= sum
	}
	return true
}

// sort orders the tokens by their chances. There are a few dozen at most.
func (d *decoder) sort() {
	for i := 1; i < len(d.order); i++ {
		for j := i; j > 0 && d.chances[d.order[j]] > d.chances[d.order[j-1]]; j-- {
			d.order[j], d.order[j-1] = d.order[j-1], d.order[j]
		}
	}
}

// logit returns what the network says of a token at the next place. Guidance
// moves from its view without the condition towards that with it, and beyond.
func (d *decoder) logit(guidance float64, token int) float64 {
	at := d.place*len(d.allowed) + token
	switch {
	case d.free == nil:
		return float64(d.guided.logits[at])
	case d.guided == nil:
		return float64(d.free.logits[at])
	}
	free := float64(d.free.logits[at])
	return free + guidance*(float64(d.guided.logits[at])-free)
}

// draw picks a token at random from the likeliest ones that hold the share
// nucleus of all chances.
func (d *decoder) draw(nucleus float64) uint8 {
	kept, sum := 0, 0.0
	for sum < nucleus && kept < len(d.order) {
		sum += d.chances[d.order[kept]]
		kept++
	}
	x := d.rng.Float64() * sum
	for _, i := range d.order[:kept] {
		if x -= d.chances[i]; x < 0 {
			return i
		}
	}
	return d.order[kept-1]
}

// choose sets the next token and goes on to the following place.
func (d *decoder) choose(token uint8) {
	if d.state.Push(int(token)) != nil {
		d.fail()
		return
	}
	d.tokens[d.place] = token
	d.place++
	d.masked--
	if d.place == d.draft.gaps[d.gap].end && d.masked > 0 {
		d.enter(d.gap + 1)
	}
}
