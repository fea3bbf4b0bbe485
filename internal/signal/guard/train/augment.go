package main

import (
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// slot is a place of a template that a part fills.
var slot = regexp.MustCompile(`\{(\w+)\}`)

// fill fills a template with parts of its language at random. A part may have
// slots itself.
func (p parts) fill(rng *rand.Rand, language, template string) string {
	for range 3 {
		template = slot.ReplaceAllStringFunc(template, func(found string) string {
			values := p[language][found[1:len(found)-1]]
			if len(values) == 0 {
				return found
			}
			return values[rng.IntN(len(values))]
		})
	}
	return textnorm.Normalise(template)
}

// evasion is a way to write a text so that its words are not found.
type evasion struct {
	name  string
	write func(text string) string
}

var evasions = []evasion{
	{"leet", leet.Replace},
	{"spaced letters", func(text string) string { return between(text, " ") }},
	{"dotted letters", func(text string) string { return between(text, ".") }},
	{"doubled letters", doubled},
	{"typing errors", func(text string) string { return typos(newRandom(hashOf(text)), text) }},
}

var leet = strings.NewReplacer("a", "4", "e", "3", "i", "1", "o", "0", "s", "5", "t", "7")

func between(text, separator string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = strings.Join(strings.Split(word, ""), separator)
	}
	return strings.Join(words, " ")
}

func doubled(text string) string {
	var out strings.Builder
	for _, r := range text {
		out.WriteRune(r)
		if r != ' ' {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// typos drops, doubles and swaps some letters.
func typos(rng *rand.Rand, text string) string {
	letters := []rune(text)
	for range 1 + len(letters)/25 {
		at := rng.IntN(len(letters))
		switch rng.IntN(3) {
		case 0:
			if len(letters) > 4 {
				letters = append(letters[:at:at], letters[at+1:]...)
			}
		case 1:
			letters = append(letters[:at+1:at+1], letters[at:]...)
		default:
			if at > 0 {
				letters[at-1], letters[at] = letters[at], letters[at-1]
			}
		}
	}
	return textnorm.Normalise(string(letters))
}

// truncated keeps some words at the beginning.
func truncated(rng *rand.Rand, text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:1+rng.IntN(len(words))], " ")
}

// varied writes a sample as somebody else might.
func varied(rng *rand.Rand, s *sample) string {
	text := s.text
	if s.class == guard.Scent {
		switch p := rng.Float64(); {
		case p < 0.15:
			return typos(rng, text)
		case p < 0.25:
			return truncated(rng, text)
		case p < 0.27:
			return evasions[rng.IntN(len(evasions))].write(text)
		}
		return text
	}
	if rng.Float64() < 0.15 {
		return evasions[rng.IntN(len(evasions))].write(text)
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
