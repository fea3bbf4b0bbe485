package diffusion

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/odordiff/odordiff/inference/chem/grammar"
)

// Draft is a molecule of a fixed number of tokens, of which some are given and
// the others are masked.
type Draft struct {
	tokens []uint8
	gaps   []gap
}

// gap is a run of masked tokens.
type gap struct {
	first, end int
	// inner reports whether given tokens follow. An inner gap is filled with a
	// whole fragment, which opens no ring or branch that the given tokens would
	// have to close.
	inner bool
}

// Blank returns a draft with all of its tokens masked. length is 1 to
// [Model.MaxTokens].
func (m *Model) Blank(length int) (Draft, error) {
	return m.draft(masked(length))
}

// Blanks returns tasks with all of their tokens masked, of lengths drawn from
// those of molecules that the condition describes.
func (m *Model) Blanks(rng *rand.Rand, condition *Condition, count int) ([]Task, error) {
	lengths := m.Lengths(*condition)
	tasks := make([]Task, count)
	for i := range tasks {
		draft, err := m.Blank(drawLength(rng, lengths))
		if err != nil {
			return nil, err
		}
		tasks[i] = Task{Draft: draft, Condition: condition}
	}
	return tasks, nil
}

// DrawLength draws the number of tokens of a molecule that the condition
// describes.
func (m *Model) DrawLength(rng *rand.Rand, condition Condition) int {
	return drawLength(rng, m.Lengths(condition))
}

// drawLength draws a number of tokens, at least 1.
func drawLength(rng *rand.Rand, lengths []float64) int {
	x := rng.Float64() * (1 - lengths[0])
	for n, p := range lengths[1:] {
		if x -= p; x < 0 {
			return n + 1
		}
	}
	return len(lengths) - 1
}

// part is a piece of a draft: given SMILES text, or a number of masked tokens.
type part struct {
	text   string
	masked int
}

// given is text that stays as it is.
func given(smiles string) part { return part{text: smiles} }

// masked is a number of tokens to be sampled.
func masked(tokens int) part { return part{masked: tokens} }

// draft joins parts. It fails on text that is not SMILES, on tokens that the
// model does not know, and on more than [Model.MaxTokens] tokens.
func (m *Model) draft(parts ...part) (Draft, error) {
	var d Draft
	for _, p := range parts {
		if p.masked > 0 {
			first := len(d.tokens)
			d.tokens = append(d.tokens, make([]uint8, min(p.masked, m.MaxTokens()+1))...)
			d.gaps = append(d.gaps, gap{first: first, end: len(d.tokens)})
			continue
		}
		numbers, err := m.tokens(p.text)
		if err != nil {
			return Draft{}, err
		}
		d.tokens = append(d.tokens, numbers...)
	}
	if len(d.tokens) == 0 || len(d.tokens) > m.MaxTokens() {
		return Draft{}, fmt.Errorf("a draft of %d tokens, want 1 to %d", len(d.tokens), m.MaxTokens())
	}
	for i := range d.gaps {
		d.gaps[i].inner = d.gaps[i].end < len(d.tokens)
	}
	return d, nil
}

// Tokens returns how many of the model's tokens a SMILES has. It fails if one
// is not known to the model.
func (m *Model) Tokens(smiles string) (int, error) {
	numbers, err := m.tokens(smiles)
	return len(numbers), err
}

func (m *Model) tokens(smiles string) ([]uint8, error) {
	if smiles == "" {
		return nil, nil
	}
	texts, err := grammar.Tokenise(smiles)
	if err != nil {
		return nil, fmt.Errorf("splitting a draft into tokens: %w", err)
	}
	numbers := make([]uint8, len(texts))
	for i, text := range texts {
		number, known := m.number[text]
		if !known {
			return nil, fmt.Errorf("the model does not know the token %q", text)
		}
		numbers[i] = uint8(number)
	}
	return numbers, nil
}

// innerRing is added to the ring numbers in an inner gap, so that they differ
// from those that are open in the given tokens around it.
const innerRing = 10

// text writes a finished draft as SMILES.
func (m *Model) text(d Draft, tokens []uint8) string {
	var out strings.Builder
	for i, number := range tokens {
		token := m.info.Vocabulary[number]
		if _, inner := d.innerGap(i); inner && token[0] >= '0' && token[0] <= '9' {
			ring, _ := strconv.Atoi(token)
			token = "%" + strconv.Itoa(innerRing+ring)
		}
		out.WriteString(token)
	}
	return out.String()
}

// innerGap returns the inner gap that a token is in.
func (d Draft) innerGap(i int) (gap, bool) {
	for _, g := range d.gaps {
		if g.inner && g.first <= i && i < g.end {
			return g, true
		}
	}
	return gap{}, false
}
