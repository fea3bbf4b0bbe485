package diffusion

import (
	"math"
	"math/rand/v2"

	"github.com/odordiff/odordiff/inference/chem/grammar"
)

// walker fills one draft from left to right.
type walker struct {
	draft  Draft
	tokens []uint8
	rng    *rand.Rand
	// guided and free are the network's views of the tokens with and without the
	// condition, nil where the guidance needs only the other.
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

func (m *Model) newWalker(d Draft, steps int, rng *rand.Rand) *walker {
	count := m.info.Shape.Tokens
	w := &walker{
		draft:   d,
		left:    steps,
		tokens:  append([]uint8(nil), d.tokens...),
		rng:     rng,
		start:   m.grammar.Start(),
		allowed: make([]bool, count),
		chances: make([]float64, count),
		order:   make([]uint8, count),
	}
	for _, g := range d.gaps {
		w.masked += g.end - g.first
	}
	if w.masked > 0 {
		w.enter(0)
	}
	return w
}

// enter begins a gap. The last gap goes on from what stands before it; an inner one
// is a fragment of its own, of which what follows needs to know the first atom alone: its
// rings and branches are closed, and its ring numbers are others in the end.
func (w *walker) enter(index int) {
	w.gap, w.place = index, w.draft.gaps[index].first
	w.state = w.start
	if w.draft.gaps[index].inner {
		return
	}
	for i, given := range w.tokens[:w.place] {
		if g, inner := w.draft.innerGap(i); inner && i > g.first {
			continue
		}
		if w.state.Push(int(given)) != nil {
			w.fail()
			return
		}
	}
}

func (w *walker) fail() { w.masked, w.err = 0, ErrDeadEnd }

// step chooses an even share of what is left, and what the network is sure of.
func (w *walker) step(s *Settings) {
	due := (w.masked + w.left - 1) / w.left
	w.left--
	w.unmask(s, due)
}

// unmask chooses the next tokens: at least as many as are due, and further ones
// while the network is sure of them.
func (w *walker) unmask(s *Settings, due int) {
	for n := 0; w.masked > 0; n++ {
		if !w.weigh(s) {
			w.fail()
			return
		}
		if n >= due && w.chances[w.order[0]] < s.Confident {
			return
		}
		w.choose(w.draw(s.Nucleus))
	}
}

// weigh sets the chances of the tokens that are allowed at the next place, and
// their order, the likeliest first. It is false where no token is allowed.
func (w *walker) weigh(s *Settings) bool {
	w.state.Allowed(w.draft.gaps[w.gap].end-w.place, w.allowed)
	w.order = w.order[:0]
	for i, ok := range w.allowed {
		if ok && i != mask {
			w.chances[i] = w.logit(s.Guidance, i) / s.Temperature
			w.order = append(w.order, uint8(i))
		}
	}
	if len(w.order) == 0 {
		return false
	}
	w.sort()
	highest, sum := w.chances[w.order[0]], 0.0
	for _, i := range w.order {
		w.chances[i] = math.Exp(w.chances[i] - highest)
		sum += w.chances[i]
	}
	for _, i := range w.order {
		w.chances[i] /= sum
	}
	return true
}

// sort orders the tokens by their chances. There are a few dozen at most.
func (w *walker) sort() {
	for i := 1; i < len(w.order); i++ {
		for j := i; j > 0 && w.chances[w.order[j]] > w.chances[w.order[j-1]]; j-- {
			w.order[j], w.order[j-1] = w.order[j-1], w.order[j]
		}
	}
}

// logit returns what the network says of a token at the next place. Guidance
// moves from its view without the condition towards that with it, and beyond.
func (w *walker) logit(guidance float64, token int) float64 {
	at := w.place*len(w.allowed) + token
	switch {
	case w.free == nil:
		return float64(w.guided.logits[at])
	case w.guided == nil:
		return float64(w.free.logits[at])
	}
	free := float64(w.free.logits[at])
	return free + guidance*(float64(w.guided.logits[at])-free)
}

// draw picks a token at random from the likeliest ones that hold the share nucleus of all chances.
func (w *walker) draw(nucleus float64) uint8 {
	kept, sum := 0, 0.0
	for sum < nucleus && kept < len(w.order) {
		sum += w.chances[w.order[kept]]
		kept++
	}
	x := w.rng.Float64() * sum
	for _, i := range w.order[:kept] {
		if x -= w.chances[i]; x < 0 {
			return i
		}
	}
	return w.order[kept-1]
}

// choose sets the next token and goes on to the following place.
func (w *walker) choose(token uint8) {
	if w.state.Push(int(token)) != nil {
		w.fail()
		return
	}
	w.tokens[w.place] = token
	w.place++
	w.masked--
	if w.place == w.draft.gaps[w.gap].end && w.masked > 0 {
		w.enter(w.gap + 1)
	}
}
