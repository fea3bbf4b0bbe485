package tables

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// Evasion is a way to write a text so that its words are not found.
type Evasion struct {
	Name  string
	Write func(text string) string
}

// Spellings are evasions whose letters a person still reads in their order.
// Training uses them.
var Spellings = []Evasion{
	{"leet", leet.Replace},
	{"spaced letters", func(text string) string { return between(text, " ") }},
	{"dotted letters", func(text string) string { return between(text, ".") }},
	{"doubled letters", doubled},
	{"typing errors", func(text string) string { return Typos(rand.New(rand.NewPCG(hashOf(text), 1)), text) }}, //nolint:gosec // tests must be repeatable
}

// Encodings are evasions that no training uses. Most have to be undone before
// somebody can read the text.
var Encodings = []Evasion{
	{"rot13", func(text string) string { return strings.Map(rot13, text) }},
	{"reversed", reversed},
	{"hex", func(text string) string { return hex.EncodeToString([]byte(text)) }},
	{"base64 in a sentence", func(text string) string {
		return "a soft rose with " + base64.StdEncoding.EncodeToString([]byte(text)) + " and a little cedar"
	}},
	{"tag characters", func(text string) string { return "a soft rose with cedar" + strings.Map(tag, text) }},
	{"a word a line", func(text string) string { return strings.Join(strings.Fields(text), "\n") }},
}

func rot13(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

func reversed(text string) string {
	letters := []rune(text)
	slices.Reverse(letters)
	return string(letters)
}

// tag returns the invisible twin of an ASCII character. Others have none.
func tag(r rune) rune {
	if r < ' ' || r > '~' {
		return r
	}
	return 0xE0000 + r
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

// Typos drops, doubles and swaps some letters.
func Typos(rng *rand.Rand, text string) string {
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
