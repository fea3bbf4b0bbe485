package signal

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// Text is what one look at a text says about it.
type Text struct {
	// Bytes and Characters are its length. A byte that is not UTF-8 counts as a
	// character.
	Bytes, Characters int
	// Words is how many runs of letters, digits and marks there are.
	Words int
	// LongestWord is in characters.
	LongestWord int
	// Letters is how many characters are letters or marks on them.
	Letters int
	// Scripts are those of the letters.
	Scripts Scripts
	// MixedWords is how many words have letters of several scripts that no
	// language mixes: Japanese mixes kana with han.
	MixedWords int
	// Invisible is how many characters do not show, of which Controls are
	// control characters other than white space, Bidi turn the direction of
	// writing, and Tags are tag characters and variation selectors beyond the
	// first sixteen, which spell out hidden text.
	Invisible, Controls, Bidi, Tags int
	// Entropy is in bits per byte, from 0 to 8: about 4 for prose in Latin
	// letters, near 6 for base64.
	Entropy float64

	wordCharacters int
}

// AverageWord returns the average length of a word in characters; 0 without
// any.
func (t Text) AverageWord() float64 { return share(t.wordCharacters, t.Words) }

// LetterShare returns how many of the characters are letters, from 0 to 1.
func (t Text) LetterShare() float64 { return share(t.Letters, t.Characters) }

func share(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// Scripts is a set of scripts.
type Scripts uint16

// The scripts that are told apart.
const (
	Latin Scripts = 1 << iota
	Cyrillic
	Greek
	Arabic
	Hebrew
	Devanagari
	Han
	Kana
	Hangul
	Thai
	OtherScript
)

var scriptNames = []string{"latin", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "han", "kana", "hangul", "thai", "other"}

// Names returns the names of the scripts, in a fixed order.
func (s Scripts) Names() []string {
	var names []string
	for i, name := range scriptNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// mixed reports whether no language writes a word in these scripts.
func (s Scripts) mixed() bool {
	if s&^(Han|Kana) == 0 || s&^(Han|Hangul) == 0 {
		return false
	}
	return s&(s-1) != 0
}

// Measure looks once at a text.
func Measure(text string) Text {
	m := meter{Text: Text{Bytes: len(text)}}
	if isVisibleASCII(text) {
		m.visible(text)
	} else {
		m.any(text)
	}
	m.addASCII()
	m.Entropy = entropy(&m.counts, len(text))
	return m.Text
}

// any measures whatever text.
func (m *meter) any(text string) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i = m.ascii(text, i)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		for j := range size {
			m.counts[text[i+j]]++
		}
		m.character(r)
		i += size
	}
	m.endWord()
}

// meter goes over a text.
type meter struct {
	Text
	counts  [256]uint32
	word    int // characters of the current word
	scripts Scripts
}

// The classes of ASCII. The others end words.
const (
	asciiLetter = 1 << iota
	asciiDigit
	asciiControl
)

var asciiClass = func() (table [256]uint8) {
	for c := range utf8.RuneSelf {
		r := rune(c)
		switch {
		case unicode.IsLetter(r):
			table[c] = asciiLetter
		case unicode.IsDigit(r):
			table[c] = asciiDigit
		case unicode.IsControl(r) && !unicode.IsSpace(r):
			table[c] = asciiControl
		}
	}
	return table
}()

// ascii reads a text from a byte on as long as it is ASCII, and returns where
// that ends. It counts only bytes, and the characters of words: addASCII has
// the rest from these.
func (m *meter) ascii(text string, i int) int {
	for i < len(text) {
		start, classes := i, uint8(0)
		for i < len(text) && asciiClass[text[i]]&(asciiLetter|asciiDigit) != 0 {
			classes |= asciiClass[text[i]]
			m.counts[text[i]]++
			i++
		}
		m.word += i - start
		if classes&asciiLetter != 0 {
			m.scripts |= Latin
		}
		if i == len(text) || text[i] >= utf8.RuneSelf {
			break
		}
		if asciiClass[text[i]] != asciiControl {
			m.endWord()
		}
		m.counts[text[i]]++
		i++
	}
	return i
}

// visible measures a text of ASCII without controls, in which each word is a
// run of letters and digits. No branch goes another way at each of them.
func (m *meter) visible(text string) {
	run, before := 0, 0
	for i := range len(text) {
		c := text[i]
		m.counts[c]++
		of := int(ofWord[c]) // 1 or 0
		run = (run + 1) & -of
		m.LongestWord = max(m.LongestWord, run)
		m.Words += of &^ before
		before = of
	}
	for c, n := range m.counts[:utf8.RuneSelf] {
		m.wordCharacters += int(ofWord[c]) * int(n)
		if n > 0 && asciiClass[c] == asciiLetter {
			m.Scripts = Latin
		}
	}
}

// ofWord is 1 for letters and digits of ASCII.
var ofWord = func() (table [256]uint8) {
	for c, class := range asciiClass {
		if class&(asciiLetter|asciiDigit) != 0 {
			table[c] = 1
		}
	}
	return table
}()

// addASCII adds what the counts say of characters of ASCII.
func (m *meter) addASCII() {
	for c, n := range m.counts[:utf8.RuneSelf] {
		m.Characters += int(n)
		switch asciiClass[c] {
		case asciiLetter:
			m.Letters += int(n)
		case asciiControl:
			m.Controls += int(n)
			m.Invisible += int(n)
		}
	}
}

// character looks at a character beyond ASCII. One that does not show ends no
// word: it is often put within one.
func (m *meter) character(r rune) {
	m.Characters++
	switch {
	case isLetter(r):
		m.word++
		m.Letters++
		m.scripts |= scriptOf(r)
	case unicode.In(r, unicode.M) && !hides(r):
		m.word++
		if m.scripts != 0 {
			m.Letters++
		}
	case unicode.In(r, unicode.N):
		m.word++
	case hides(r) && !unicode.IsSpace(r):
		m.hidden(r)
	default:
		m.endWord()
	}
}

func (m *meter) hidden(r rune) {
	m.Invisible++
	switch {
	case unicode.Is(unicode.Cc, r):
		m.Controls++
	case unicode.Is(unicode.Bidi_Control, r):
		m.Bidi++
	case 0xe0000 <= r && r <= 0xe01ef:
		m.Tags++
	}
}

func (m *meter) endWord() {
	if m.word == 0 {
		return
	}
	m.Words++
	m.wordCharacters += m.word
	m.LongestWord = max(m.LongestWord, m.word)
	m.Scripts |= m.scripts
	if m.scripts.mixed() {
		m.MixedWords++
	}
	m.word, m.scripts = 0, 0
}

// isLetter is unicode.IsLetter with the blocks first in which all are.
func isLetter(r rune) bool {
	return 0x4e00 <= r && r <= 0x9fff || 0xac00 <= r && r <= 0xd7a3 || 0x3041 <= r && r <= 0x3096 || 0x30a1 <= r && r <= 0x30fa ||
		0x400 <= r && r <= 0x481 || unicode.IsLetter(r)
}

// hides reports whether a character does not show.
func hides(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// scriptBlocks are the scripts of letters by where they end.
var scriptBlocks = []struct {
	last   rune
	script Scripts
}{
	{0x02af, Latin}, {0x036f, OtherScript}, {0x03ff, Greek}, {0x052f, Cyrillic}, {0x058f, OtherScript}, {0x05ff, Hebrew}, {0x06ff, Arabic}, {0x074f, OtherScript},
	{0x077f, Arabic}, {0x08a0 - 1, OtherScript}, {0x08ff, Arabic}, {0x097f, Devanagari}, {0x0dff, OtherScript}, {0x0e7f, Thai}, {0x10ff, OtherScript}, {0x11ff, Hangul},
	{0x1c7f, OtherScript}, {0x1c8f, Cyrillic}, {0x1cff, OtherScript}, {0x1dbf, Latin}, {0x1dff, OtherScript}, {0x1eff, Latin}, {0x1fff, Greek},
}

// scriptOf returns the script of a letter.
func scriptOf(r rune) Scripts {
	if r <= scriptBlocks[len(scriptBlocks)-1].last {
		for _, block := range scriptBlocks {
			if r <= block.last {
				return block.script
			}
		}
	}
	switch {
	case unicode.Is(unicode.Han, r):
		return Han
	case unicode.In(r, unicode.Hiragana, unicode.Katakana), r == 'ー':
		return Kana
	case unicode.Is(unicode.Hangul, r):
		return Hangul
	case unicode.Is(unicode.Latin, r):
		return Latin
	case unicode.Is(unicode.Arabic, r):
		return Arabic
	case unicode.Is(unicode.Hebrew, r):
		return Hebrew
	case unicode.Is(unicode.Cyrillic, r):
		return Cyrillic
	}
	return OtherScript
}

// entropy returns Shannon's entropy of bytes.
func entropy(counts *[256]uint32, all int) float64 {
	if all == 0 {
		return 0
	}
	sum := 0.0
	for _, n := range counts {
		switch {
		case n == 0:
		case int(n) < len(logarithms):
			sum += float64(n) * logarithms[n]
		default:
			sum += float64(n) * math.Log2(float64(n))
		}
	}
	return max(0, math.Log2(float64(all))-sum/float64(all))
}

// logarithms are those of small numbers, to the base of two.
var logarithms = func() (table [64]float64) {
	for n := 1; n < len(table); n++ {
		table[n] = math.Log2(float64(n))
	}
	return table
}()
