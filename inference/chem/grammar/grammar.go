package grammar

import (
	"errors"
	"fmt"
)

// Grammar knows the tokens of one vocabulary. It is immutable and safe for
// concurrent use.
type Grammar struct {
	words []string
	// tokens holds each distinct meaning once; meaning is the index of each
	// id's.
	tokens  []token
	meaning []int16

	// What completions are made of.
	carbon, aromaticCarbon token
	// ringHetero is an aromatic atom that needs no double bond: o, s or [nH].
	ringHetero    token
	hasHetero     bool
	double        token
	hasDouble     bool
	hasSingle     bool
	opens, closes bool
	hasDot        bool
	numbers       []uint8 // the ring numbers there are
	hasAromatic   bool
}

// maxMeanings is the most different tokens, in what the grammar knows of them,
// that a vocabulary may have.
const maxMeanings = 192

// New makes a grammar of a list of tokens, whose ids are their indices. Texts
// that are no SMILES token, such as "<pad>", are never allowed to follow. "C"
// must be among the tokens, and "c" and "=" if any aromatic atom is: what a
// text lacks is made up with them.
func New(vocabulary []string) (*Grammar, error) {
	g := &Grammar{words: append([]string(nil), vocabulary...)}
	seen := map[token]int16{}
	texts := map[string]bool{}
	for _, word := range vocabulary {
		texts[word] = true
		t, _ := readToken(word)
		index, ok := seen[t]
		if !ok {
			index = int16(len(g.tokens))
			seen[t] = index
			g.tokens = append(g.tokens, t)
			g.note(t)
		}
		g.meaning = append(g.meaning, index)
	}
	if len(g.tokens) > maxMeanings {
		return nil, fmt.Errorf("the vocabulary has %d tokens of different meaning, more than the %d allowed", len(g.tokens), maxMeanings)
	}
	if !texts["C"] {
		return nil, errors.New(`the vocabulary lacks "C"`)
	}
	if g.hasAromatic && (!texts["c"] || !texts["="]) {
		return nil, errors.New(`the vocabulary has aromatic atoms but lacks "c" or "="`)
	}
	g.carbon, _ = readToken("C")
	g.aromaticCarbon, _ = readToken("c")
	return g, nil
}

// note remembers a token that completions can use.
func (g *Grammar) note(t token) {
	switch t.kind {
	case openToken:
		g.opens = true
	case closeToken:
		g.closes = true
	case dotToken:
		g.hasDot = true
	case ringToken:
		g.numbers = append(g.numbers, t.number)
	case bondToken:
		g.hasSingle = g.hasSingle || t.symbol == '-'
		if t.symbol == '=' {
			g.double, g.hasDouble = t, true
		}
	case atomToken:
		g.hasAromatic = g.hasAromatic || t.atom.aromatic
		if t.atom.aromatic && t.atom.pi == noPi && t.atom.free == 2 {
			g.ringHetero, g.hasHetero = t, true
		}
	}
}

// branches reports whether branches can be opened and closed.
func (g *Grammar) branches() bool { return g.opens && g.closes }

// Size returns the number of tokens in the vocabulary.
func (g *Grammar) Size() int { return len(g.words) }

// Start returns the state before the first token.
func (g *Grammar) Start() State {
	return State{head: head{grammar: g, tip: -1, pi: onlyEmpty}}
}

func (g *Grammar) token(id int) (token, error) {
	if id < 0 || id >= len(g.meaning) {
		return token{}, fmt.Errorf("token %d is not in the vocabulary of %d", id, len(g.meaning))
	}
	return g.tokens[g.meaning[id]], nil
}
