package diffusion

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/grammar"
)

// Variation returns a draft of a molecule like another: it keeps the beginning
// of a random writing, a connected part of the molecule with the given share of
// its tokens, 0 to 1, and masks the rest. It fails for a molecule with tokens
// that the model does not know, and for one that is too long.
func (m *Model) Variation(rng *rand.Rand, like *chem.Molecule, share float64) (Draft, error) {
	texts, err := grammar.Tokenise(like.RandomSMILES(rng))
	if err != nil {
		return Draft{}, fmt.Errorf("splitting a molecule into tokens: %w", err)
	}
	if len(texts) > m.MaxTokens() {
		return Draft{}, tooLong(len(texts), m.MaxTokens())
	}
	kept := min(max(int(share*float64(len(texts))), 1), len(texts)-1)
	// The rest becomes up to two tokens shorter or longer.
	rest := max(len(texts)-kept+rng.IntN(5)-2, 1)
	if len(texts) == 1 {
		kept, rest = 1, 1+rng.IntN(2)
	}
	return m.feasible(given(strings.Join(texts[:kept], "")), masked(min(rest, m.MaxTokens()-kept)))
}

func tooLong(tokens, most int) error {
	return fmt.Errorf("it has %d tokens, the model knows molecules of up to %d", tokens, most)
}

// feasible joins parts and checks that the given ones can be completed.
func (m *Model) feasible(parts ...part) (Draft, error) {
	d, err := m.draft(parts...)
	if err != nil {
		return Draft{}, err
	}
	if len(d.gaps) == 0 {
		return Draft{}, errors.New("nothing of the draft is masked")
	}
	last := d.gaps[len(d.gaps)-1]
	state := m.grammar.Start()
	for _, given := range d.tokens[:last.first] {
		if err := state.Push(int(given)); err != nil {
			return Draft{}, fmt.Errorf("starting a draft: %w", err)
		}
	}
	if !state.Feasible(last.end - last.first) {
		return Draft{}, fmt.Errorf("%d more tokens cannot complete the draft", last.end-last.first)
	}
	return d, nil
}

// maxSubstituents is how many substituents a scaffold gets at most.
const maxSubstituents = 3

// Decoration returns a draft that contains a scaffold, with masked substituents
// on up to three of its atoms at random. tokens is the length of all
// substituents together; each has at least one. It fails for a scaffold with
// tokens that the model does not know, and where no atom has a hydrogen to
// replace or no room is left.
func (m *Model) Decoration(rng *rand.Rand, scaffold *chem.Molecule, tokens int) (Draft, error) {
	text := scaffold.RandomSMILES(rng)
	texts, err := grammar.Tokenise(text)
	if err != nil {
		return Draft{}, fmt.Errorf("splitting a scaffold into tokens: %w", err)
	}
	if len(texts)+1 > m.MaxTokens() {
		return Draft{}, tooLong(len(texts), m.MaxTokens()-1)
	}
	places, err := openPlaces(text, texts)
	if err != nil {
		return Draft{}, err
	}
	if len(places) == 0 {
		return Draft{}, errors.New("no atom of the scaffold has a hydrogen to replace")
	}
	rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	count := min(1+rng.IntN(maxSubstituents), len(places), tokens)
	sizes := map[int]int{}
	for _, place := range places[:max(count, 1)] {
		sizes[place] = 1
	}
	for range tokens - count {
		sizes[places[rng.IntN(max(count, 1))]]++
	}
	return m.draft(decorate(texts, sizes)...)
}

// openPlaces lists where a substituent may be written: behind the atoms with a
// hydrogen to spare, as the number of tokens before.
func openPlaces(text string, texts []string) ([]int, error) {
	molecule, err := chem.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading a scaffold: %w", err)
	}
	var places []int
	atom := 0
	for i, token := range texts {
		if !isAtom(token) {
			continue
		}
		// A bracket atom states its hydrogens, so none of them can be replaced.
		if token[0] != '[' && molecule.HydrogensOn(atom) > 0 {
			places = append(places, behindRings(texts, i+1))
		}
		atom++
	}
	return places, nil
}

func isAtom(token string) bool {
	c := token[0]
	return c == '[' || c == '*' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// behindRings skips an atom's ring numbers, which are written before its
// branches.
func behindRings(texts []string, i int) int {
	for i < len(texts) && (texts[i][0] >= '0' && texts[i][0] <= '9' || texts[i][0] == '%' || ringBond(texts, i)) {
		i++
	}
	return i
}

// bonds are the symbols of bonds.
var bonds = []string{"-", "=", "#", "$", ":", "/", `\`}

// ringBond reports whether a bond belongs to the ring number behind it.
func ringBond(texts []string, i int) bool {
	if !slices.Contains(bonds, texts[i]) || i+1 == len(texts) {
		return false
	}
	next := texts[i+1][0]
	return next >= '0' && next <= '9' || next == '%'
}

// decorate writes masked substituents behind the given numbers of tokens. One
// at the very end needs no parentheses.
func decorate(texts []string, sizes map[int]int) []part {
	var parts []part
	var text strings.Builder
	for i, token := range texts {
		if size := sizes[i]; size > 0 {
			parts = append(parts, given(text.String()+"("), masked(size))
			text.Reset()
			text.WriteByte(')')
		}
		text.WriteString(token)
	}
	parts = append(parts, given(text.String()))
	if size := sizes[len(texts)]; size > 0 {
		parts = append(parts, masked(size))
	}
	return parts
}
