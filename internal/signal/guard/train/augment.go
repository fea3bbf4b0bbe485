package main

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// truncated keeps some words at the beginning.
func truncated(rng *rand.Rand, text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:1+rng.IntN(len(words))], " ")
}

// thinned leaves out a fifth of the words, so that no single one decides.
func thinned(rng *rand.Rand, text string) string {
	kept := slices.DeleteFunc(strings.Fields(text), func(string) bool { return rng.IntN(5) == 0 })
	if len(kept) == 0 {
		return text
	}
	return strings.Join(kept, " ")
}

// varied writes a sample as somebody else might.
func varied(rng *rand.Rand, s *tables.Sample) string {
	text := s.Text
	if !s.Given && rng.Float64() < 0.4 {
		text = thinned(rng, text)
	}
	if s.Class == guard.Scent {
		switch p := rng.Float64(); {
		case p < 0.15:
			return tables.Typos(rng, text)
		case p < 0.25:
			return truncated(rng, text)
		case p < 0.27:
			return tables.Spellings[rng.IntN(len(tables.Spellings))].Write(text)
		}
		return text
	}
	if rng.Float64() < 0.15 {
		return tables.Spellings[rng.IntN(len(tables.Spellings))].Write(text)
	}
	return text
}

// fragment is at most so many bytes of a text, from a word's beginning.
func fragment(rng *rand.Rand, text string, size int) string {
	if len(text) <= size {
		return text
	}
	start := rng.IntN(len(text) - size + 1)
	if space := strings.IndexByte(text[start:], ' '); start > 0 && space >= 0 && space < size/2 {
		start += space + 1
	}
	return strings.TrimSpace(strings.ToValidUTF8(text[start:min(start+size, len(text))], ""))
}

// joined puts two texts together, in either order, and returns the bytes where
// the second is.
func joined(rng *rand.Rand, first, second string) (text string, start, end int) {
	first, second = fragment(rng, first, 40+rng.IntN(100)), fragment(rng, second, 40+rng.IntN(100))
	seam := []string{" ", ". ", ", ", "; ", " - ", " and ", ": "}[rng.IntN(7)]
	if rng.IntN(2) == 0 {
		return second + seam + first, 0, len(second)
	}
	text = first + seam + second
	return text, len(text) - len(second), len(text)
}
