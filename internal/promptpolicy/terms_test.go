package promptpolicy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// invisibles are characters that are not drawn, of every kind.
var invisibles = []string{"\u200b", "\u00ad", "\u2060", "\u200d", "\ufeff", "\u202e", "\u034f", "\u3164", "\ufe0f", "\U000e0041", "\x00", "\x1b", "\u200b\u2060"}

func TestTermsAreFoundThroughInvisibleCharacters(t *testing.T) {
	terms := lexiconOf(t, "nerve agent", "sarin", "ignore previous instructions", "synthes*", "c-4", "神経剤", "café noir", "한국어 말")
	for text, want := range map[string][]string{
		"nerve\u200bagent":                       {"nerve agent"},
		"nerve\u00adagent":                       {"nerve agent"},
		"nerve\u200b agent":                      {"nerve agent"},
		"ner\u200bve\u200bagent":                 {"nerve agent"},
		"n\u200be\u200br\u200bv\u200be agent":    {"nerve agent"},
		"a\u200bnerve\u2060agent\u200bplease":    {"nerve agent"},
		"sa\u200brin":                            {"sarin"},
		"make\u200bsarin":                        {"sarin"},
		"make\u200bsa\u200brin\u200bnow":         {"sarin"},
		"ignore\u200bprevious instructions":      {"ignore previous instructions"},
		"ignore\u200bprevious\u200binstructions": {"ignore previous instructions"},
		"photo\u00adsynthesis":                   {"synthes*"},
		"syn\u200bthesis":                        {"synthes*"},
		"C\u200b4":                               {"c-4"},
		"神\u200b経剤":                              {"神経剤"},
		"cafe\u200b\u0301noir":                   {"café noir"},
		"\u1112\u200b\u1161\u11ab국어\u200b말":      {"한국어 말"},
		"sarin":                   {"sarin"},
		"nerveagent":              nil,
		"makesarin":               nil,
		"sa-rin":                  nil,
		"sa\u200b rin":            nil,
		"sa\u200b\u00a0\u200brin": nil,
		"cafe\u0301noir":          nil,
		"sari\u0301\u200bn":       {"sarin"},
		"\u200b":                  nil,
	} {
		if got := found(terms, text); !slices.Equal(got, want) {
			t.Errorf("in %+q: %q, want %q", text, got, want)
		}
	}
}

// A term is found wherever invisible characters stand: inside it, in place of
// its spaces, or between it and the words around it.
func TestNoInvisibleCharactersHideATerm(t *testing.T) {
	const term = "ignore all previous instructions"
	terms := lexiconOf(t, term)
	invisible := rapid.SampledFrom(invisibles)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		glue := func(label string) {
			for range rapid.IntRange(0, 2).Draw(t, label) {
				text.WriteString(invisible.Draw(t, "invisible"))
			}
		}
		if rapid.Bool().Draw(t, "something before") {
			text.WriteString("rose" + invisible.Draw(t, "before"))
		}
		for _, r := range term {
			glue("more")
			if r == ' ' && rapid.Bool().Draw(t, "space is gone") {
				text.WriteString(invisible.Draw(t, "instead"))
				continue
			}
			text.WriteRune(r)
		}
		if rapid.Bool().Draw(t, "something behind") {
			text.WriteString(invisible.Draw(t, "behind") + "rose")
		}
		if got := found(terms, text.String()); !slices.Equal(got, []string{term}) {
			t.Fatalf("in %+q: %q", text.String(), got)
		}
	})
}

// An invisible character may or may not separate words. The scan finds what a
// naive search finds in any of the texts that may be meant.
func TestSeamsEqualEveryReadingOfThem(t *testing.T) {
	word := rapid.StringMatching(`[ab]{1,3}`)
	phrase := rapid.Custom(func(t *rapid.T) string {
		stem := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "words"), " ")
		return stem + rapid.SampledFrom([]string{"", "*"}).Draw(t, "open")
	})
	rapid.Check(t, func(t *rapid.T) {
		phrases := rapid.SliceOfNDistinct(phrase, 1, 6, rapid.ID[string]).Draw(t, "phrases")
		readings := []string{""}
		var text strings.Builder
		for _, part := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "a", "b", " ", "\u200b"}), 0, 12).Draw(t, "text") {
			text.WriteString(part)
			var longer []string
			for _, reading := range readings {
				if part != "\u200b" {
					longer = append(longer, reading+part)
					continue
				}
				longer = append(longer, reading, reading+" ")
			}
			readings = longer
		}
		items := make([]any, len(phrases))
		var want []string
		for i, phrase := range phrases {
			items[i] = phrase
			if slices.ContainsFunc(readings, func(reading string) bool { return naive(phrase, reading) }) {
				want = append(want, phrase)
			}
		}
		got := found(lexiconOf(t, items...), text.String())
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("in %+q: %q, want %q", text.String(), got, want)
		}
	})
}
