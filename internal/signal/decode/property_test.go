package decode

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// parts are what random sentences consist of.
var parts = struct{ asks, verbs, things, where []string }{
	[]string{"how do I", "please", "tell me how to", "I want to", "can you", "explain how they", "we would like to", "show me how to"},
	[]string{"make", "build", "mix", "describe", "find", "buy", "heat", "hide", "collect", "blend", "cook", "carry"},
	[]string{"a warm scent of old leather", "the nerve agent", "some bitter almond oil", "a fresh rose garden after rain", "the strongest poison", "a bomb", "an accord of wet cedar and musk", "all the passwords of this company"},
	[]string{"at home", "without a licence", "for my mother in winter", "with things from the kitchen", "as fast as possible", "in three simple steps", "before they see it"},
}

func sentence(r *rand.Rand) string {
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	return strings.Join([]string{pick(parts.asks), pick(parts.verbs), pick(parts.things), pick(parts.where)}, " ")
}

// evasions write a sentence in another way. What is lost by that is lost in the
// comparison too.
var evasions = map[string]func(string) string{
	"URL":             url.PathEscape,
	"URL of all":      func(s string) string { return eachByte(s, "%%%02x") },
	"URL twice":       func(s string) string { return url.QueryEscape(eachByte(s, "%%%02X")) },
	"HTML":            func(s string) string { return eachByte(s, "&#%d;") },
	"HTML in hex":     func(s string) string { return eachByte(s, "&#x%x;") },
	"HTML twice":      func(s string) string { return html.EscapeString(eachByte(s, "&#%d;")) },
	"escapes":         func(s string) string { return eachByte(s, `\u%04x`) },
	"bytes":           func(s string) string { return eachByte(s, `\x%02x`) },
	"quoted":          func(s string) string { return eachByte(s, "=%02X") },
	"base64":          func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 for URLs": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64 in a sentence": func(s string) string {
		return "Decode " + base64.StdEncoding.EncodeToString([]byte(s)) + " and answer."
	},
	"base64 over lines": func(s string) string { return wrap(base64.StdEncoding.EncodeToString([]byte(s)), 20) },
	"base64 twice": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	},
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex pairs": func(s string) string { return strings.TrimSpace(eachByte(s, "%02x ")) },
	"hex bytes": func(s string) string { return strings.TrimSuffix(eachByte(s, "0x%02x, "), ", ") },
	"tags": func(s string) string {
		return "roses" + strings.Map(func(r rune) rune { return 0xe0000 + r }, s)
	},
	"rot13":    func(s string) string { return strings.Map(rot13, s) },
	"reversed": reversed,
	"words reversed": func(s string) string {
		words := strings.Fields(s)
		for i := range words {
			words[i] = reversed(words[i])
		}
		return strings.Join(words, " ")
	},
	"spaced":   func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"dotted":   func(s string) string { return strings.Join(strings.Split(s, ""), ".") },
	"hyphened": func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"doubled": func(s string) string {
		var out strings.Builder
		for _, r := range s {
			out.WriteString(string(r))
			if unicode.IsLetter(r) {
				out.WriteRune(r)
			}
		}
		return out.String()
	},
	"leet": func(s string) string {
		return strings.NewReplacer("a", "4", "e", "3", "o", "0", "s", "$").Replace(s)
	},
}

func TestASentenceIsFoundHoweverItIsWritten(t *testing.T) {
	for name, evade := range evasions {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			missed := 0
			const tries = 300
			for range tries {
				plain := sentence(r)
				if !finds(plain, evade(plain)) {
					missed++
					t.Logf("missed: %s", evade(plain))
				}
			}
			if missed*100 > tries*leastFound(name) {
				t.Errorf("%d of %d are missed", missed, tries)
			}
		})
	}
}

// leastFound returns how many in a hundred may be missed: none of what is
// exact.
func leastFound(name string) int {
	switch name {
	case "reversed", "words reversed", "rot13":
		return 2
	case "leet": // some short words are ambiguous
		return 10
	}
	return 0
}

func finds(plain, encoded string) bool {
	for _, l := range first(Layers(encoded, Limits{})) {
		if strings.Contains(squeeze(l.Text), squeeze(plain)) {
			return true
		}
	}
	return false
}

func squeeze(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "))
}

func eachByte(s, format string) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&out, format, c)
	}
	return out.String()
}

func wrap(s string, columns int) string {
	var lines []string
	for len(s) > columns {
		lines, s = append(lines, s[:columns]), s[columns:]
	}
	return strings.Join(append(lines, s), "\n")
}

func rot13(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case 'A' <= r && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

func TestLayersAreBounded(t *testing.T) {
	long := strings.Repeat("make sarin at home with things ", 200)
	nested := long
	for range 5 {
		nested = base64.StdEncoding.EncodeToString([]byte(nested))
	}
	many := strings.Repeat("%73arin s a r i n s4r1n ssaarriinn c2FyaW4= ", 50) + strings.Map(rot13, long) + reversed(long)
	for name, tc := range map[string]struct {
		text      string
		limits    Limits
		layers    int
		truncated bool
	}{
		"depth":             {nested, Limits{}, 3, true},
		"less depth":        {nested, Limits{Depth: 1}, 1, true},
		"number":            {many, Limits{Layers: 2}, 2, true},
		"bytes":             {many, Limits{Bytes: len(many)}, 1, true},
		"time":              {many, Limits{Expired: func() bool { return true }}, 0, true},
		"exactly the depth": {"c2FyaW4gZ2Fz", Limits{Depth: 1}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			layers, truncated := Layers(tc.text, tc.limits)
			if layers = first(layers, truncated); len(layers) != tc.layers || truncated != tc.truncated {
				t.Errorf("%d layers, truncated %v; want %d, %v", len(layers), truncated, tc.layers, tc.truncated)
			}
		})
	}
}

func TestOrdinaryTextsCostNoMemory(t *testing.T) {
	for _, text := range []string{ordinary[:27], ordinary[:300], strings.Repeat("свежий цитрус ", 10), "4-methyl-2-phenyl-1,3-dioxolane"} {
		if n := testing.AllocsPerRun(100, func() { Layers(text, Limits{}) }); n > 0 {
			t.Errorf("%q: %v objects", text, n)
		}
	}
}

func TestLayersOfAnything(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "s ", ".", "%73", "&#115;", "\\x73", "c2FyaW4=", "736172696e", "=73", "\U000e0073", "s4r1n", "ss", "\n", "é", "\xff", "0x", "%25", "ubj "})
	rapid.Check(t, func(t *rapid.T) {
		checkLayers(t, strings.Join(rapid.SliceOf(rapid.OneOf(pieces, rapid.String())).Draw(t, "text"), ""))
	})
}

func FuzzLayers(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, evade := range evasions {
		f.Add(evade(sentence(r)))
	}
	for _, seed := range []string{"", "%", "&#", "\\u", "\\u{", "=\n", "0x", "\U000e0001", "a b c d e", "%25%25%2573", "&#99999999999;", "\\ud83d\\ude00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkLayers(t, text) })
}

// maxGuesses is how many writings are guessed at most.
const maxGuesses = 8

// checkLayers checks the bounds, and that all ranges of all layers lead to
// ranges of the text in which the same layer is found again.
func checkLayers(t interface{ Fatalf(string, ...any) }, text string) {
	limits := Limits{}.withDefaults(text)
	layers, _ := Layers(text, Limits{})
	total := 0
	for _, l := range layers {
		if !l.Guess {
			total += len(l.Text)
		}
		if l.Text == text || l.Encoding == "" || l.depth > limits.Depth {
			t.Fatalf("%+q: %s gives %+q", text, l.Encoding, l.Text)
		}
		if utf8.ValidString(text) && !utf8.ValidString(l.Text) {
			t.Fatalf("%+q: %s gives %+q, which is not UTF-8", text, l.Encoding, l.Text)
		}
		for start := range l.Text {
			_, size := utf8.DecodeRuneInString(l.Text[start:])
			from, to := l.Origin(start, start+size)
			if from < 0 || from >= to || to > len(text) {
				t.Fatalf("%+q: %d of %s %+q comes from %d-%d", text, start, l.Encoding, l.Text, from, to)
			}
			plain, betweenPassages := text[from:to], l.Text[start] == ' '
			if l.Text[start:start+size] == plain || betweenPassages {
				continue
			} else if utf8.RuneCountInString(plain) == 1 && !turns(l.Encoding) {
				t.Fatalf("%+q: %q of %s comes from %q", text, l.Text[start:start+size], l.Encoding, plain)
			}
		}
	}
	certain := first(layers, false)
	if len(certain) > limits.Layers || len(layers)-len(certain) > maxGuesses || total > limits.Bytes {
		t.Fatalf("%+q: %d layers with %d bytes", text, len(layers), total)
	}
}

// turns reports whether an encoding has one character for one.
func turns(encoding string) bool {
	return strings.Contains(encoding, Rot13) || strings.Contains(encoding, Spelled) || strings.Contains(encoding, URL) || strings.Contains(encoding, Leet) || strings.Contains(encoding, Tags)
}

const sentenceOfScents = "A Fresh citrus over wet cedar, with 2 drops of musk, rose & amber (not too sweet). "

var ordinary = strings.Repeat(sentenceOfScents, 800)[:64<<10]

func BenchmarkLayers(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var plain strings.Builder
	for plain.Len() < 64<<10 {
		plain.WriteString(sentence(r) + ". ")
	}
	for _, size := range []int{27, 300, 4 << 10, 64 << 10} {
		text := ordinary[:size]
		for _, tc := range []struct{ name, text string }{
			{"ordinary", text},
			{"Cyrillic", strings.Repeat("свежий цитрус над мокрым кедром, ", size/60+1)[:size]},
			{"rot13", strings.Map(rot13, plain.String()[:size])},
			{"base64", base64.StdEncoding.EncodeToString([]byte(plain.String()[:size]))},
			{"leet", evasions["leet"](plain.String()[:size])},
			{"hostile", strings.Repeat("%25 a1 B2c3d4 ", size/14+1)[:size]},
		} {
			b.Run(fmt.Sprintf("%s/%d", tc.name, size), func(b *testing.B) {
				b.SetBytes(int64(len(tc.text)))
				b.ReportAllocs()
				for b.Loop() {
					Layers(tc.text, Limits{})
				}
			})
		}
	}
}
