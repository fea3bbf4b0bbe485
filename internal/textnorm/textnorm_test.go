package textnorm

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"empty":                         {"", ""},
		"plain text is kept":            {"fresh citrus over wet cedar", "fresh citrus over wet cedar"},
		"case":                          {"SARIN", "sarin"},
		"full case folding":             {"STRASSE straße", "strasse strasse"},
		"spaces collapse":               {"  nerve \t\r\n  agent ", "nerve agent"},
		"no-break and ideographic":      {"nerve\u00a0\u3000agent", "nerve agent"},
		"line separators":               {"nerve\u2028agent", "nerve agent"},
		"only spaces":                   {" \u2003\n", ""},
		"zero width space":              {"sa\u200brin", "sarin"},
		"zero width joiner":             {"sa\u200drin", "sarin"},
		"byte order mark":               {"\ufeffsarin", "sarin"},
		"soft hyphen":                   {"sa\u00adrin", "sarin"},
		"bidi override":                 {"\u202esarin\u202c", "sarin"},
		"bidi isolate":                  {"\u2066sarin\u2069", "sarin"},
		"tag characters":                {"sa\U000e0041rin", "sarin"},
		"variation selectors":           {"s\ufe0fa\U000e0100rin", "sarin"},
		"Hangul filler":                 {"sa\u3164rin", "sarin"},
		"braille blank is a space":      {"nerve\u2800agent", "nerve agent"},
		"control characters":            {"sa\x00\x1brin\x7f", "sarin"},
		"full width":                    {"ＳＡＲＩＮ", "sarin"},
		"mathematical letters":          {"𝖘𝔞𝓇𝐢𝚗", "sarin"},
		"circled letters":               {"ⓢⓐⓡⓘⓝ", "sarin"},
		"superscript":                   {"H₂O²", "h2o2"},
		"ligature":                      {"ﬁre", "fire"},
		"Cyrillic":                      {"ѕаrіn", "sarin"},
		"Cyrillic capitals":             {"ТНАLLIUМ", "thallium"},
		"Greek":                         {"sαrιn", "sarin"},
		"diacritics, composed":          {"sárïn", "sarin"},
		"diacritics, stacked":           {"s\u0336a\u0301\u0302\u0303rin", "sarin"},
		"small capitals":                {"sᴀʀɪɴ", "sarin"},
		"Japanese is kept":              {"新鮮な柑橘", "新鮮な柑橘"},
		"Korean is composed":            {"\u1112\u1161\u11ab", "한"},
		"invalid UTF-8":                 {"sa\xffrin", "sa\ufffdrin"},
		"a character cut off":           {"sa\xf1\u0384rin", "sa\ufffd rin"},
		"punctuation is kept":           {"what's 2,4-d?", "what's 2,4-d?"},
		"an emoji joined by zero width": {"👩\u200d🔬", "👩🔬"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Normalise(tc.in); got != tc.want {
				t.Errorf("Normalise(%+q) = %+q, want %+q", tc.in, got, tc.want)
			}
		})
	}
}

func TestNormaliseIsIdempotentForEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		checkNormalForm(t, "a"+string(r)+"b")
	}
}

func TestNormaliseIsIdempotentAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkNormalForm(t, rapid.String().Draw(t, "text"))
	})
}

func TestNormaliseIgnoresCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom(nil, unicode.Latin, unicode.Cyrillic)).Draw(t, "text")
		lower := strings.Map(unicode.SimpleFold, text)
		for range 4 { // SimpleFold walks an orbit of at most four forms
			if got, want := Normalise(lower), Normalise(text); got != want {
				t.Fatalf("%+q gives %+q, %+q gives %+q", lower, got, text, want)
			}
			lower = strings.Map(unicode.SimpleFold, lower)
		}
	})
}

func TestSeamed(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain text":                {"nerve agent", "nerve agent"},
		"capitals":                  {"Nerve Agent", "nerve agent"},
		"between words":             {"Nerve\u200bAgent", "nerve\u00adagent"},
		"a run":                     {"nerve\u200b\u2060\x00agent", "nerve\u00adagent"},
		"a control character":       {"nerve\x00agent", "nerve\u00adagent"},
		"a soft hyphen":             {"nerve\u00adagent", "nerve\u00adagent"},
		"at the ends":               {"\u200bagent\u200b", "agent"},
		"beside a space":            {"nerve\u200b \u200bagent", "nerve agent"},
		"diacritics leave no seam":  {"s\u0336a\u0301rïn", "sarin"},
		"a grapheme joiner leaves":  {"sa\u034frin", "sa\u00adrin"},
		"what would be composed":    {"\u1112\u200b\u1161\u11ab", "\u1112\u00ad\u1161\u11ab"},
		"what is composed":          {"한", "\u1112\u1161\u11ab"},
		"below a letter that folds": {"ẞ\u200bß", "ss\u00adss"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Seamed(tc.in); got != tc.want {
				t.Errorf("Seamed(%+q) = %+q, want %+q", tc.in, got, tc.want)
			}
		})
	}
}

func TestSeamedLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("aB \u200b\u00ad\u034f\u0301한")))).Draw(t, "text")
		if got, want := Normalise(Seamed(text)), Normalise(text); got != want {
			t.Fatalf("%+q gives %+q by way of the seamed form, want %+q", text, got, want)
		}
	})
}

func TestPlainCharactersAreNothingElse(t *testing.T) {
	for r := range rune(unicode.MaxRune) {
		if isPlain(r) && (isSpace(r) || isInvisible(r) || isDiacritic(r)) {
			t.Errorf("%U is taken for plain", r)
		}
		if lower := unicode.ToLower(unicode.ToUpper(r)); isCaseless(r) && (lower != r || confusables[r] != 0) {
			t.Errorf("%U is taken for caseless", r)
		}
	}
}

func TestLongTextsAreNormalisedAsShortOnes(t *testing.T) {
	for _, unit := range []string{"Cafe\u0301 ", "ﬁ\u200bg ", "한글 ", "\u1112\u1161\u11ab ", "ẞ ", "a\xff ", "е\u0301\u0323 "} {
		text := strings.Repeat(unit, 3*chunk/len(unit))
		if got, want := Normalise(text), strings.TrimSpace(strings.Repeat(Normalise(unit)+" ", 3*chunk/len(unit))); got != want {
			t.Errorf("many of %+q differ from one", unit)
		}
		if got, want := Seamed(text), strings.TrimSpace(strings.Repeat(Seamed(unit)+" ", 3*chunk/len(unit))); got != want {
			t.Errorf("many of %+q differ from one with seams", unit)
		}
	}
}

func TestATextThatGrowsTooMuchIsGivenUpEarly(t *testing.T) {
	text := strings.Repeat("\ufdfa", 1<<18)
	for name, normalise := range map[string]func(string, *Budget) (string, error){"normal": NormaliseWithin, "seamed": SeamedWithin} {
		asked := 0
		b := &Budget{Room: 1 << 20, Expired: func() bool { asked++; return false }}
		if got, err := normalise(text, b); !errors.Is(err, ErrGrows) || got != "" {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if most := 1 << 20 / (8 * chunk); asked > most {
			t.Errorf("%s: given up after %d pieces, want %d at most", name, asked, most)
		}
	}
}

func TestNormalisingEndsWhenItIsToldTo(t *testing.T) {
	b := &Budget{Room: 1 << 30, Expired: func() bool { return true }}
	if _, err := NormaliseWithin(strings.Repeat("é", chunk), b); !errors.Is(err, ErrExpired) {
		t.Errorf("error = %v", err)
	}
	if got, err := NormaliseWithin("É", b); got != "e" || err != nil {
		t.Errorf("a short text gives %q, %v", got, err)
	}
}

func TestTextsShareABudget(t *testing.T) {
	b := &Budget{Room: 8, Expired: func() bool { return false }}
	for _, text := range []string{"rose", "É", "mint"} {
		_, err := NormaliseWithin(text, b)
		if want := text == "mint"; errors.Is(err, ErrGrows) != want {
			t.Errorf("%q: error = %v, with %d bytes left", text, err, b.Room)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{"", "A  b", "ѕаrіn", "\ufdfa", "\xff", "\xf1\u0384", "a" + strings.Repeat("\u0301", 40), strings.Repeat("\u0f71", 40)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkNormalForm(t, text) })
}

// maxExpansion is how many bytes of normalised text one byte of the original
// can give at most. The worst character is U+FDFA, a ligature of eighteen.
const maxExpansion = 12

func checkNormalForm(t interface{ Fatalf(string, ...any) }, text string) {
	once := Normalise(text)
	if twice := Normalise(once); twice != once {
		t.Fatalf("%+q gives %+q, which gives %+q", text, once, twice)
	}
	if !utf8.ValidString(once) {
		t.Fatalf("%+q gives invalid UTF-8 %+q", text, once)
	}
	if len(once) > maxExpansion*len(text) {
		t.Fatalf("%d bytes grew to %d", len(text), len(once))
	}
	if strings.TrimSpace(once) != once || strings.Contains(once, "  ") {
		t.Fatalf("%+q gives %+q, whose spaces are not collapsed", text, once)
	}
}

func BenchmarkNormalise(b *testing.B) {
	for name, text := range map[string]string{
		"plain 300 B":    strings.Repeat("fresh citrus over wet cedar - ", 9) + "fresh citrus over wet cedar",
		"capitals 300 B": strings.Repeat("Fresh citrus over wet cedar - ", 10),
		"Cyrillic 300 B": strings.Repeat("свежий цитрус ", 12),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Normalise(text)
			}
		})
	}
}
