package odor

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestResolve(t *testing.T) {
	tests := []struct{ name, word, want string }{
		{"a descriptor", "lemon", "lemon"},
		{"of two words", "orange blossom", "orange blossom"},
		{"case, spaces and hyphens do not matter", " Orange-Blossom ", "orange blossom"},
		{"another word for it", "talcum", "powdery"},
		{"an inflection", "roses", "rose"},
		{"an inflected phrase", "bell peppers", "bell pepper"},
		{"a misspelling", "sandelwod", "sandalwood"},
		{"a misspelling near two names of one descriptor", "bergamott", "bergamot"},
		{"an accord is none", "sea breeze", ""},
		{"a family of perfumes is an accord", "chypre", ""},
		{"an odorant is none", "linalool", ""},
		{"an unknown word", "qwerty", ""},
		{"nothing", "", ""},
		{"marks", "?!", ""},
		{"two descriptors", "rose, musk", ""},
		{"more than any name", strings.Repeat("musk", 1000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := library(t).Vocabulary().Resolve(tt.word)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q resolves to %q, %v, want %q", tt.word, got, ok, tt.want)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	tests := []struct {
		name, word string
		first      string
	}{
		{"a short misspelling", "muks", "musk"},
		{"another initial", "zanilla", "vanilla"},
		{"an accord", "oud", "woody"},
		{"the beginning of a word", "sandal woo", "sandalwood"},
		{"nothing like it", "qwxyzt", ""},
		{"nothing", "", ""},
		{"more than any name", strings.Repeat("musk", 1000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := library(t).Vocabulary().Suggest(tt.word)
			if tt.first == "" && len(got) > 0 || tt.first != "" && (len(got) == 0 || got[0] != tt.first) {
				t.Errorf("for %q %v is suggested, want %q first", tt.word, got, tt.first)
			}
		})
	}
}

func TestSuggestionsAreFewKnownAndStable(t *testing.T) {
	v := library(t).Vocabulary()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.String().Draw(t, "word")
		got := v.Suggest(word)
		if len(got) > suggestions || !slices.Equal(got, v.Suggest(word)) {
			t.Fatalf("%q: %v", word, got)
		}
		for _, descriptor := range got {
			if !v.Has(descriptor) {
				t.Fatalf("%q: %q is not in the vocabulary", word, descriptor)
			}
		}
	})
}

// Whatever a word resolves to, a prompt of that word asks for.
func TestResolveAgreesWithTheInterpreter(t *testing.T) {
	in, v := interpreter(t), library(t).Vocabulary()
	for _, descriptor := range v.Descriptors() {
		for _, text := range append([]string{descriptor}, v.terms[descriptor].words...) {
			got, ok := v.Resolve(text)
			if i := in.Interpret(text); !ok || got != descriptor || i.Descriptors[0].Descriptor != got {
				t.Errorf("%q resolves to %q and is read as %s", text, got, describe(i))
			}
		}
	}
}
