package decode

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestOtherFormsOfASCIIAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"C₁₁H₂₆NO₂PS":                     "C11H26NO2PS",
		"C⁴H¹⁰":                           "C4H10",
		"Ｃ４Ｈ１０":                           "C4H10",
		"𝐂𝟒𝐇𝟏𝟎 𝒪 𝔽":                       "C4H10 O F",
		"Ⓒ④Ⓗ🅲":                            "C4HC",
		"50‐78‑2, 50–78—2 and 50−78－2":    "50-78-2, 50-78-2 and 50-78-2",
		"50 – 78 – 2":                     "50 - 78 - 2",
		"5\u200b0\u00ad-\u206078\ufeff-2": "50-78-2",
		"С4Н10 and ССО(=О)С1":             "C4H10 and CCO(=O)C1",
		"[O⁻][N⁺](=O)C":                   "[O-][N+](=O)C",
		"iris – rose":                     "iris – rose",
		"свежий цитрус СО и Н, 10 см":     "свежий цитрус СО и Н, 10 см",
		"نمی\u200cدهد می\u200cخواهم":      "نمی\u200cدهد می\u200cخواهم",
		"“fresh” crème brûlée, N°5 ½ ™ … 新鮮な柑橘": "“fresh” crème brûlée, N°5 ½ ™ … 新鮮な柑橘",
		"rose\U000e0061": "rose\U000e0061",
	} {
		plain, at, changed := Plain(text)
		if plain != want || changed != (text != want) {
			t.Errorf("%+q is %+q (%v), want %q", text, plain, changed, want)
		}
		checkPlain(t, text, plain, at.Origin)
	}
}

// checkPlain checks that each character leads to the form that it stands for.
func checkPlain(t interface{ Fatalf(string, ...any) }, text, plain string, origin func(start, end int) (int, int)) {
	last := 0
	for start, r := range plain {
		from, to := origin(start, start+max(1, utf8.RuneLen(r)))
		if r == utf8.RuneError {
			continue
		}
		if from < last || to <= from || to > len(text) {
			t.Fatalf("%+q: %q at %d comes from %d-%d", text, r, start, from, to)
		}
		last = from
		form, _ := utf8.DecodeRuneInString(text[from:to])
		c, _ := plainOf(form)
		if form != r && rune(c) != r && rune(lookAlike(form)) != r && (!isHyphen(form) || r != '-') {
			t.Fatalf("%+q: %q comes from %+q", text, r, text[from:to])
		}
	}
}

// TestFormsAreThoseOfUnicode compares with compatibility decomposition, which
// knows no circles in black and no look-alikes.
func TestFormsAreThoseOfUnicode(t *testing.T) {
	for r := rune(utf8.RuneSelf); r < 0x20000; r++ {
		c, ok := plainOf(r)
		if decomposed := norm.NFKD.String(string(r)); ok && len(decomposed) == 1 && decomposed[0] != c {
			t.Errorf("%U %c is %q, want %q", r, r, c, decomposed)
		}
	}
}

func TestPlainOfAnything(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"C", "₄", "4", "–", "\u200b", "С", "Ｃ", " ", "(", "р", "ж", "\xff", "𝟎", "-", "\u00ad", "新"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.OneOf(pieces, rapid.String())).Draw(t, "text"), "")
		plain, at, changed := Plain(text)
		if changed == (plain == text) || len(plain) > len(text) {
			t.Fatalf("%+q is %+q, changed %v", text, plain, changed)
		}
		checkPlain(t, text, plain, at.Origin)
	})
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"C₁₁H₂₆", "50–78 − 2", "С4Н10", "a\u200bb", "\xff–1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain, at, _ := Plain(text)
		checkPlain(t, text, plain, at.Origin)
	})
}

func BenchmarkPlain(b *testing.B) {
	for name, unit := range map[string]string{"ordinary": sentenceOfScents, "Cyrillic": "свежий цитрус ", "Japanese": "新鮮な柑橘と木が", "look-alikes": "СОРТСОРТ4", "blocks": "₄𝟎–"} {
		text := strings.Repeat(unit, (64<<10)/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Plain(text)
			}
		})
	}
}
