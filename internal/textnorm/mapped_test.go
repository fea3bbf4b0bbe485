package textnorm

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/offset"
)

func TestMapsLeadToTheOriginal(t *testing.T) {
	for name, tc := range map[string]struct{ text, found, want string }{
		"nothing to do":         {"make sarin now", "sarin", "sarin"},
		"case":                  {"Make SARIN now", "sarin", "SARIN"},
		"spaces":                {"  nerve \t\n  agent ", "nerve agent", "nerve \t\n  agent"},
		"behind spaces":         {"  nerve \t\n  agent ", "agent", "agent"},
		"something invisible":   {"a sa\u200brin", "sarin", "sa\u200brin"},
		"not what is beside it": {"\u200bsarin\u200b", "sarin", "sarin"},
		"look-alikes":           {"the ѕаrіn", "sarin", "ѕаrіn"},
		"a diacritic":           {"sa\u0301rin\u0301 now", "sarin", "sa\u0301rin\u0301"},
		"a composed letter":     {"é sárïn é", "sarin", "sárïn"},
		"full width":            {"（ＳＡＲＩＮ）", "sarin", "ＳＡＲＩＮ"},
		"a ligature":            {"the ﬁre", "fi", "ﬁ"},
		"a part of a ligature":  {"the ﬁre", "ire", "ﬁre"},
		"Hangul":                {"the \u1112\u1161\u11ab한", "한", "\u1112\u1161\u11ab"},
		"invalid UTF-8":         {"sa\xff\xffrin", "\ufffd", "\xff\xff"},
		"a folded pair":         {"Straße", "strasse", "Straße"},
	} {
		t.Run(name, func(t *testing.T) {
			normal, m, err := NormaliseMapped(tc.text, unbounded())
			if err != nil {
				t.Fatal(err)
			}
			start := strings.Index(normal, tc.found)
			if from, to := m.Origin(start, start+len(tc.found)); tc.text[from:to] != tc.want {
				t.Errorf("%q in %q comes from %+q, want %+q", tc.found, normal, tc.text[from:to], tc.want)
			}
		})
	}
}

func TestASeamLeadsToWhatWasInvisible(t *testing.T) {
	form, m, err := SeamedMapped("Nerve\u200b\x00Agent", unbounded())
	if err != nil {
		t.Fatal(err)
	}
	seam := strings.IndexRune(form, Seam)
	if from, to := m.Origin(seam, seam+len(string(Seam))); from != 5 || to != 9 {
		t.Errorf("the seam comes from %d-%d", from, to)
	}
}

func TestMapsOfEveryCharacterThatChanges(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if text := string(r); Normalise(text) != text && !unicode.Is(unicode.Co, r) {
			checkMaps(t, "a"+text+"\u0301 b")
		}
	}
}

func TestMapsLeadBackWhateverTheTextIs(t *testing.T) {
	odd := []rune("aB  \t\n\u200b\u00ad\u034f\u0301\u0323\u05b0\u0591한\u1112\u1161\u11abがﬁﷺ¨ⓢ ́é\ufffdбАа")
	rapid.Check(t, func(t *rapid.T) {
		checkMaps(t, rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom(odd))).Draw(t, "text"))
	})
}

func FuzzMapped(f *testing.F) {
	for _, seed := range []string{"", "A  b", "ѕаrіn", "\ufdfa", "\xff\xc3", "\xf1\u0384", "a" + strings.Repeat("\u0301", 40), strings.Repeat("\u0f71", 40), "한\u1161\u11ab"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkMaps(t, text) })
}

// checkMaps compares both forms with the plain way to make them, and checks
// that ranges of a form lead, in order, to ranges of text with that form.
func checkMaps(t interface{ Fatalf(string, ...any) }, text string) {
	for _, seams := range []bool{false, true} {
		mapped := NormaliseMapped
		if seams {
			mapped = SeamedMapped
		}
		form, m, err := mapped(text, unbounded())
		if err != nil {
			t.Fatalf("%+q: %v", text, err)
		}
		if stacks(text) {
			continue
		}
		if want := naive(text, seams); form != want {
			t.Fatalf("%+q gives %+q, want %+q", text, form, want)
		}
		checkMap(t, text, form, m, seams)
	}
}

func checkMap(t interface{ Fatalf(string, ...any) }, text, form string, m offset.Map, seams bool) {
	var starts []int
	for i := range form {
		starts = append(starts, i)
	}
	starts = append(starts, len(form))
	before := 0
	for n, start := range starts[:len(starts)-1] {
		from, to := m.Origin(start, starts[n+1])
		if from < 0 || to > len(text) || from > to || from < before {
			t.Fatalf("%+q: %d of %+q comes from %d-%d, after %d", text, start, form, from, to, before)
		}
		before = from
	}
	for n := range starts {
		for _, length := range []int{1, 3} {
			checkRange(t, text, form, m, starts[n], starts[min(n+length, len(starts)-1)], seams)
		}
	}
	checkRange(t, text, form, m, 0, len(form), seams)
}

func checkRange(t interface{ Fatalf(string, ...any) }, text, form string, m offset.Map, start, end int, seams bool) {
	from, to := m.Origin(start, end)
	want := strings.Trim(form[start:end], " \u00ad")
	if got := naive(text[from:to], seams); !strings.Contains(got, want) && !strings.Contains(norm.NFC.String(got), norm.NFC.String(want)) {
		t.Fatalf("%+q: %+q of %+q comes from %+q, which gives %+q", text, want, form, text[from:to], got)
	}
}

// naive makes a form as its description says.
func naive(text string, seams bool) string {
	f := foldWriter{seams: seams}
	f.block(norm.NFKD.String(strings.ToValidUTF8(text, "\uFFFD")), 0, len(text))
	if seams {
		return f.out.String()
	}
	return norm.NFC.String(f.out.String())
}

// stacks reports whether text has more diacritics in a row than the library
// decomposes without putting something of its own between them.
func stacks(text string) bool {
	row := 0
	for _, r := range norm.NFKD.String(text) {
		if row++; norm.NFKD.PropertiesString(string(r)).CCC() == 0 {
			row = 0
		}
		if row >= 30 {
			return true
		}
	}
	return false
}

func TestOrdinaryTextsNeedNoMap(t *testing.T) {
	b := unbounded()
	for text, most := range map[string]float64{
		"fresh citrus over wet cedar":          0,
		"Fresh Citrus over wet CEDAR, please!": 2,
	} {
		got := testing.AllocsPerRun(100, func() {
			if _, _, err := NormaliseMapped(text, b); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%q: %v objects, want at most %v", text, got, most)
		}
	}
}

func BenchmarkForms(b *testing.B) {
	const sentence = "A Fresh citrus over wet cedar,\nwith 2 drops of musk. "
	for name, text := range map[string]string{
		"27 B":            sentence[:27],
		"300 B":           strings.Repeat(sentence, 6)[:300],
		"4 KiB":           strings.Repeat(sentence, 80)[:4<<10],
		"64 KiB":          strings.Repeat(sentence, 1300)[:64<<10],
		"64 KiB Cyrillic": strings.Repeat("свежий цитрус ", 2600)[:64<<10],
		"64 KiB Japanese": strings.Repeat("新鮮な柑橘と木が", 2731)[:64<<10],
	} {
		for form, make := range map[string]func(string, *Budget) (string, offset.Map, error){
			"normal": func(text string, b *Budget) (string, offset.Map, error) {
				form, err := NormaliseWithin(text, b)
				return form, offset.Map{}, err
			},
			"mapped": NormaliseMapped,
			"seamed": SeamedMapped,
		} {
			b.Run(form+" "+name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					budget := unbounded()
					if _, _, err := make(text, budget); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func TestTheSimpleTableIsTheWholeOfItsCharacters(t *testing.T) {
	for r := rune(firstSimple); r <= lastSimple; r++ {
		if folded := simple(r); folded != "" && folded != Normalise(string(r)) {
			t.Errorf("%U gives %+q", r, folded)
		}
	}
	if simple('\u0301') != "" || simple('a') != "" || simple(utf8.RuneError) != "" {
		t.Error("a character outside of the table has a form in it")
	}
}
