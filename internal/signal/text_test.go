package signal

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMeasure(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want Text
	}{
		"nothing":            {"", Text{}},
		"words":              {"Fresh citrus, 2 drops!", Text{Bytes: 22, Characters: 22, Words: 4, LongestWord: 6, Letters: 16, Scripts: Latin}},
		"other letters":      {"свежий цитрус", Text{Bytes: 25, Characters: 13, Words: 2, LongestWord: 6, Letters: 12, Scripts: Cyrillic}},
		"accents":            {"crème bru\u0302lée", Text{Bytes: 16, Characters: 13, Words: 2, LongestWord: 7, Letters: 12, Scripts: Latin}},
		"mixed in one word":  {"sаrin", Text{Bytes: 6, Characters: 5, Words: 1, LongestWord: 5, Letters: 5, Scripts: Latin | Cyrillic, MixedWords: 1}},
		"mixed in a text":    {"rose и роза", Text{Bytes: 16, Characters: 11, Words: 3, LongestWord: 4, Letters: 9, Scripts: Latin | Cyrillic}},
		"Japanese":           {"新鮮な柑橘ー", Text{Bytes: 18, Characters: 6, Words: 1, LongestWord: 6, Letters: 6, Scripts: Han | Kana}},
		"something hidden":   {"sa\u200brin", Text{Bytes: 8, Characters: 6, Words: 1, LongestWord: 5, Letters: 5, Scripts: Latin, Invisible: 1}},
		"control characters": {"a\x00b\x7f\n", Text{Bytes: 5, Characters: 5, Words: 1, LongestWord: 2, Letters: 2, Scripts: Latin, Invisible: 2, Controls: 2}},
		"another direction":  {"\u202eabc\u202c", Text{Bytes: 9, Characters: 5, Words: 1, LongestWord: 3, Letters: 3, Scripts: Latin, Invisible: 2, Bidi: 2}},
		"tag characters":     {"a\U000e0061\U000e0101", Text{Bytes: 9, Characters: 3, Words: 1, LongestWord: 1, Letters: 1, Scripts: Latin, Invisible: 2, Tags: 2}},
		"not UTF-8":          {"a\xffb", Text{Bytes: 3, Characters: 3, Words: 2, LongestWord: 1, Letters: 2, Scripts: Latin}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Measure(tc.text)
			got.Entropy, got.wordCharacters = 0, 0
			if got != tc.want {
				t.Errorf("%+q is\n%+v, want\n%+v", tc.text, got, tc.want)
			}
		})
	}
}

func TestScriptsAreTold(t *testing.T) {
	for text, want := range map[string]string{
		"rose": "latin", "ệ": "latin", "роза": "cyrillic", "ρόδο": "greek", "وردة": "arabic", "ורד": "hebrew", "गुलाब": "devanagari",
		"玫瑰": "han", "バラ": "kana", "ばら": "kana", "장미": "hangul", "กุหลาบ": "thai", "վարդ": "other", "ვარდი": "other", "ﷺ": "arabic", "Ｒ": "latin", "": "",
	} {
		if got := strings.Join(Measure(text).Scripts.Names(), " "); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestScriptBlocksAreThoseOfUnicode(t *testing.T) {
	tables := map[Scripts]*unicode.RangeTable{Latin: unicode.Latin, Cyrillic: unicode.Cyrillic, Greek: unicode.Greek, Arabic: unicode.Arabic, Hebrew: unicode.Hebrew, Devanagari: unicode.Devanagari, Han: unicode.Han, Hangul: unicode.Hangul, Thai: unicode.Thai}
	wrong := 0
	for r := rune(0xc0); r < unicode.MaxRune; r++ {
		if !unicode.IsLetter(r) || unicode.In(r, unicode.Common, unicode.Lm) {
			continue
		}
		for script, table := range tables {
			if (scriptOf(r) == script) != unicode.Is(table, r) {
				wrong++
				if wrong < 10 {
					t.Logf("%U %c is %v", r, r, scriptOf(r).Names())
				}
			}
		}
	}
	const rare = 120 // letters in a block of another script, such as Coptic ones
	if wrong > rare {
		t.Errorf("%d letters are of another script", wrong)
	}
}

func TestEntropy(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "aaaa": 0, "abab": 1, "abcdabcd": 2} {
		if got := Measure(text).Entropy; math.Abs(got-want) > 1e-9 {
			t.Errorf("the entropy of %q is %v, want %v", text, got, want)
		}
	}
	prose, encoded := Measure(ordinary[:4096]).Entropy, Measure(base64.StdEncoding.EncodeToString([]byte(ordinary[:4096]))).Entropy
	if prose > 4.6 || encoded < prose+0.5 {
		t.Errorf("prose has %.2f, base64 of it %.2f", prose, encoded)
	}
}

func TestEveryKindOfSpaceEndsAWord(t *testing.T) {
	for _, space := range []string{" ", "\t", "\n", "\r", "\v", "\f", "\u0085", "\u00a0", "\u2003", "\u2028", "\u3000"} {
		if m := Measure("é" + space + "a"); m.Words != 2 || m.Controls != 0 {
			t.Errorf("%+q: %d words and %d controls, want 2 and 0", space, m.Words, m.Controls)
		}
	}
}

func TestShares(t *testing.T) {
	m := Measure("rose and oak, 50")
	if got := m.AverageWord(); got != 3 {
		t.Errorf("a word has %v characters on average", got)
	}
	if got := m.LetterShare(); got != 10.0/16 {
		t.Errorf("%v of the characters are letters", got)
	}
	if none := Measure(""); none.AverageWord() != 0 || none.LetterShare() != 0 {
		t.Error("nothing has a share")
	}
}

func TestMeasuresAgreeWithOtherWaysToCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("a b\t5é\u200bя漢\u0301\U000e0061")))).Draw(t, "text")
		m := Measure(text)
		words := strings.FieldsFunc(strings.Map(func(r rune) rune {
			if hides(r) && !unicode.IsSpace(r) && !isLetter(r) {
				return -1
			}
			return r
		}, text), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
		longest := 0
		for _, w := range words {
			longest = max(longest, utf8.RuneCountInString(w))
		}
		if m.Characters != utf8.RuneCountInString(text) || m.Words != len(words) || m.LongestWord != longest {
			t.Fatalf("%+q: %+v, want %d characters and the words %+q", text, m, utf8.RuneCountInString(text), words)
		}
	})
}

func TestVisibleTextsOfASCIIAreMeasuredLikeAllOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~\t\n]{0,40}`).Draw(t, "text")
		var visible, any meter
		visible.visible(text)
		any.any(text)
		any.word, any.scripts = 0, 0
		if visible != any {
			t.Fatalf("%q: %+v, want %+v", text, visible, any)
		}
	})
}

func TestMeasuringMakesNoGarbage(t *testing.T) {
	for _, text := range []string{ordinary[:300], "свежий цитрус", "新鮮な柑橘"} {
		if n := testing.AllocsPerRun(10, func() { Measure(text) }); n > 0 {
			t.Errorf("%q: %v objects", text, n)
		}
	}
	if names := (Latin | OtherScript).Names(); !slices.Equal(names, []string{"latin", "other"}) {
		t.Errorf("names are %q", names)
	}
}

var ordinary = strings.Repeat("A Fresh citrus over wet cedar, with 2 drops of musk, rose & amber (not too sweet). ", 800)[:64<<10]

func BenchmarkMeasure(b *testing.B) {
	for _, size := range []int{27, 300, 4 << 10, 64 << 10} {
		for name, text := range map[string]string{"ASCII": ordinary, "Cyrillic": strings.Repeat("свежий цитрус ", 3000), "Japanese": strings.Repeat("新鮮な柑橘と木が", 3000)} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					Measure(text[:size])
				}
			})
		}
	}
}
