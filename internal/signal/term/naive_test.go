package term_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// invisibles are characters that are not drawn, of every kind.
var invisibles = []string{"\u200b", "\u00ad", "\u2060", "\u200d", "\ufeff", "\u202e", "\u034f", "\u3164", "\ufe0f", "\U000e0041", "\x00", "\x1b", "\u200b\u2060"}

// A term is found wherever invisible characters stand: inside it, in place of
// its spaces, or between it and the words around it.
func TestNoInvisibleCharactersHideATerm(t *testing.T) {
	const phrase = "ignore all previous instructions"
	terms := dictionaryOf(t, phrase)
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
		for _, r := range phrase {
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
		if got := terms.found(text.String()); !slices.Equal(got, []string{phrase}) {
			t.Fatalf("in %+q: %q", text.String(), got)
		}
	})
}

// An invisible character may or may not separate words. The scan finds what a
// search for words finds in any of the texts that may be meant.
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
		var want []string
		for _, phrase := range phrases {
			if slices.ContainsFunc(readings, func(reading string) bool { return hasWords(phrase, reading) }) {
				want = append(want, phrase)
			}
		}
		got := dictionaryOf(t, phrases...).found(text.String())
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("in %+q: %q, want %q", text.String(), got, want)
		}
	})
}

// hasWords looks for a phrase at every word.
func hasWords(phrase, text string) bool {
	stem, open := strings.CutSuffix(phrase, "*")
	want := strings.Fields(stem)
	words := strings.Fields(text)
	for i := 0; i+len(want) <= len(words); i++ {
		match := true
		for j, w := range want {
			last := j == len(want)-1
			match = match && (words[i+j] == w || open && last && strings.HasPrefix(words[i+j], w))
		}
		if match {
			return true
		}
	}
	return false
}

// Letters of every script, marks, seams and separators.
var pieces = []string{"a", "b", "a", "b", "7", "é", "д", "神", "経", "か", "サ", "リ", "ー", "\u3099", "사", "ก", "\u0e4c", " ", "-", "\u00ad", "’"}

func TestEveryHitIsThatOfANaiveSearch(t *testing.T) {
	drawn := func(most int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, most), func(parts []string) string { return strings.Join(parts, "") })
	}
	phrase := rapid.Map(drawn(4), func(text string) string { return text + "a" })
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfNDistinct(rapid.OneOf(phrase, rapid.Map(phrase, func(s string) string { return s + "*" })), 0, 12, rapid.ID[string]).Draw(t, "terms")
		text := textnorm.Seamed(drawn(60).Draw(t, "text"))
		d, err := term.New([]term.Set{{Name: "x", Terms: terms}})
		if err != nil {
			t.Fatal(err)
		}
		checkHits(t, d, terms, text)
	})
}

// The short way for texts in ASCII finds the same in the same order.
func TestTextsInASCIIAreScannedAlike(t *testing.T) {
	drawn := func(most int) *rapid.Generator[string] {
		return rapid.StringMatching(fmt.Sprintf(`[abA7][ab7 ,]{0,%d}`, most))
	}
	rapid.Check(t, func(t *rapid.T) {
		var terms []string
		for _, stem := range rapid.SliceOfN(drawn(8), 0, 12).Draw(t, "stems") {
			terms = append(terms, stem+rapid.SampledFrom([]string{"", "*"}).Draw(t, "open"))
		}
		d, err := term.New([]term.Set{{Name: "x", Terms: terms}, {Name: "y", Terms: append(terms, "神a", "é")}})
		if err != nil {
			t.Fatal(err)
		}
		text := textnorm.Seamed(drawn(60).Draw(t, "text"))
		var letters []term.Hit
		d.ScanLetters(text, func(hit term.Hit) bool {
			letters = append(letters, hit)
			return true
		})
		if got := hits(d, text); !slices.Equal(got, letters) {
			t.Fatalf("%q in %q: %v, want %v", terms, text, got, letters)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add("nerve agent\nsarin", "a Nerve-Agent? sa\u200brin")
	f.Add("*\n神経剤\na*", "\xff神\u00ad経剤を\u3099")
	f.Fuzz(func(t *testing.T, lines, text string) {
		terms := strings.Split(lines, "\n")
		d, err := term.New([]term.Set{{Name: "x", Terms: terms}})
		if err == nil {
			checkHits(t, d, terms, textnorm.Seamed(text))
		}
	})
}

func checkHits(t interface{ Fatalf(string, ...any) }, d *term.Dictionary, terms []string, seamed string) {
	got, want := hits(d, seamed), naiveHits(terms, seamed)
	if ends := func(a, b term.Hit) int { return cmp.Compare(a.End, b.End) }; !slices.IsSortedFunc(got, ends) {
		t.Fatalf("not in order: %v", got)
	}
	inOrder := func(a, b term.Hit) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Term, b.Term))
	}
	slices.SortFunc(got, inOrder)
	slices.SortFunc(want, inOrder)
	if !slices.Equal(got, want) {
		t.Fatalf("%+q in %+q: %v, want %v", terms, seamed, got, want)
	}
}

// letter is a letter of a text, and what stands between it and the one before.
type letter struct {
	r          rune
	start, end int
	before     string
}

// naiveHits compares every term with the text at every letter.
func naiveHits(terms []string, seamed string) (found []term.Hit) {
	letters := lettersOf(seamed)
	seen := map[string]bool{}
	for number, text := range terms {
		stem, open := strings.CutSuffix(text, "*")
		want := lettersOf(textnorm.Seamed(textnorm.Normalise(stem)))
		key := ""
		for i, l := range want {
			key += string(l.r)
			if i > 0 {
				key += kind(l.before)
			}
		}
		if key += map[bool]string{true: "*"}[open]; seen[key] {
			continue
		}
		seen[key] = true
		for at := 0; at+len(want) <= len(letters); at++ {
			if naiveFits(letters, at, want, open) {
				found = append(found, term.Hit{Term: number, Start: letters[at].start, End: letters[at+len(want)-1].end})
			}
		}
	}
	return found
}

func naiveFits(letters []letter, at int, want []letter, open bool) bool {
	for i, w := range want {
		l := letters[at+i]
		if l.r != w.r || i > 0 && kind(l.before) != kind(w.before) && kind(l.before) != "seam" {
			return false
		}
	}
	end := at + len(want)
	return startsWord(letters, at) && (open || end == len(letters) || endsWord(letters, end))
}

func startsWord(letters []letter, at int) bool {
	before := at - 1
	for glued := letters[at].before; before >= 0 && glued == ""; before-- {
		if !unicode.Is(unicode.M, letters[before].r) {
			return differs(letters[before].r, letters[at].r)
		}
		glued = letters[before].before
	}
	return true
}

func endsWord(letters []letter, end int) bool {
	if letters[end].before != "" {
		return true
	}
	last := end - 1
	for last > 0 && unicode.Is(unicode.M, letters[last].r) && letters[last].before == "" {
		last--
	}
	return !unicode.Is(unicode.M, letters[end].r) && differs(letters[last].r, letters[end].r)
}

// differs reports whether two letters side by side belong to two words.
func differs(a, b rune) bool {
	return scriptOf(a) != scriptOf(b) || scriptOf(a) == "none"
}

func scriptOf(r rune) string {
	switch {
	case unicode.Is(unicode.Hangul, r):
		return "hangul"
	case unicode.Is(unicode.Katakana, r) && r < 0x3100, r == 'ー':
		return "katakana"
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return "none"
	}
	return "spaced"
}

func kind(between string) string {
	switch strings.Trim(between, string(textnorm.Seam)) {
	case between:
		return map[bool]string{true: "joined", false: "apart"}[between == ""]
	case "":
		return "seam"
	}
	return "apart"
}

func lettersOf(seamed string) (letters []letter) {
	end := 0
	for i, r := range seamed {
		if unicode.In(r, unicode.L, unicode.N, unicode.M) {
			size := len(string(r))
			letters = append(letters, letter{r, i, i + size, seamed[end:i]})
			end = i + size
		}
	}
	return letters
}
