package decode

import (
	"strings"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/offset"
)

// Plain returns a text with other forms of ASCII characters in ASCII:
// full-width and mathematical letters, digits above, below and in circles, the
// many hyphens between digits, and letters of other alphabets that look like
// Latin ones within a word that is otherwise ASCII. What does not show is left
// out, but for one character beside one beyond ASCII, which it may shape.
// Unlike a normal form, it keeps capitals: "C₄H₁₀FO₂P" is a formula. The map
// leads back to the text. Changed reports whether there was anything.
func Plain(text string) (plain string, at offset.Map, changed bool) {
	w := rewriter{text: text}
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case !mayBePlain(r):
			i += size
		case isHidden(r):
			i = w.drop(i)
		case lookAlike(r) != 0:
			end := lookAlikesEnd(text, i)
			if i > 0 && shows(text[i-1]) || end < len(text) && shows(text[end]) {
				end = w.latin(i)
			}
			i = end
		default:
			c, ok := plainOf(r)
			if isHyphen(r) {
				c, ok = '-', joins(text, i, i+size)
			}
			if ok {
				w.keep(i)
				w.put(asciiOf(c), i+size)
			}
			i += size
		}
	}
	if w.done == 0 {
		return text, offset.Map{}, false
	}
	plain, at = w.finish()
	return plain, at, true
}

// mayBePlain reports whether a character is in a block in which some stand for
// others, or do not show.
func mayBePlain(r rune) bool {
	switch {
	case r < 0x480:
		return r >= 0x370 || r <= 0xb9 || r == 0x34f
	case r < 0x3000:
		return 0x2000 <= r && r < 0x2800 || r == 0x61c || r == 0x1806 || r == 0x180e
	}
	return r == 0x3000 || r == 'ー' || r >= 0xfe00
}

// asciiOf returns a character as a string, which needs no memory.
func asciiOf(c byte) string { return ascii[c : c+1] }

var ascii = func() string {
	var all [utf8.RuneSelf]byte
	for c := range all {
		all[c] = byte(c)
	}
	return string(all[:])
}()

// drop leaves out what does not show, from a byte on, unless it is one
// character beside one beyond ASCII, which it may shape. It returns where that
// ends.
func (w *rewriter) drop(from int) (end int) {
	end = hiddenEnd(w.text, from)
	_, first := utf8.DecodeRuneInString(w.text[from:])
	inside := from > 0 && end < len(w.text) && (w.text[from-1] >= utf8.RuneSelf || w.text[end] >= utf8.RuneSelf)
	if inside && end == from+first {
		return end
	}
	w.keep(from)
	w.at.Skip(end - from)
	w.done = end
	return end
}

// latin replaces the letters of a word that look like Latin ones, from a byte
// on, if the word has nothing else beyond ASCII, but something in ASCII. It
// returns where the word ends.
func (w *rewriter) latin(from int) (end int) {
	start := from
	for start > w.done && !isBlank(w.text[start-1]) && from-start < longestLookAlike {
		start--
	}
	latin, others := false, false
	for end = start; end < len(w.text) && !isBlank(w.text[end]) && end-start < 2*longestLookAlike; {
		r, size := utf8.DecodeRuneInString(w.text[end:])
		switch {
		case classOf[w.text[end]]&(letter|digit) != 0:
			latin = true
		case r >= utf8.RuneSelf && lookAlike(r) == 0:
			others = true
		}
		end += size
	}
	if !latin || others {
		return end
	}
	for i := from; i < end; {
		r, size := utf8.DecodeRuneInString(w.text[i:])
		if c := lookAlike(r); c != 0 {
			w.keep(i)
			w.put(asciiOf(c), i+size)
		}
		i += size
	}
	return end
}

// lookAlikesEnd returns where the letters end that look like Latin ones.
func lookAlikesEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if lookAlike(r) == 0 {
			break
		}
		i += size
	}
	return i
}

// longestLookAlike is how far back a word is looked at that has letters of
// another alphabet.
const longestLookAlike = 64

// lookAlike returns the Latin letter, of those that identifiers of chemicals
// consist of, that one of another alphabet looks like; 0 if it does not.
func lookAlike(r rune) byte {
	if i := r - firstLookAlike; 0 <= i && i < rune(len(lookAlikes)) {
		return lookAlikes[i]
	}
	return 0
}

// firstLookAlike is among the Greek letters; the Cyrillic ones are behind.
const firstLookAlike = 0x390

var lookAlikes = func() (table [0x460 - firstLookAlike]byte) {
	const others, latin = "АВСЕНІКМОРЅТХсорѕеахіΑΒΕΖΗΙΚΜΝΟΡΤΧοϹϲ", "ABCEHIKMOPSTXcopseaxiABEZHIKMNOPTXoCc"
	i := 0
	for _, r := range others {
		table[r-firstLookAlike] = latin[i]
		i++
	}
	return table
}()

// forms are blocks of characters that stand for the ASCII ones of a text, over
// and over.
var forms = []struct {
	first, last rune
	stand       string
}{
	{'⁰', '⁰', "0"}, {'¹', '¹', "1"}, {'²', '³', "23"}, {'⁴', '⁾', "456789+-=()"}, {'₀', '₎', "0123456789+-=()"}, {'\u3000', '\u3000', " "},
	{'①', '⑨', "123456789"}, {'⓪', '⓪', "0"}, {'⑴', '⑼', "123456789"}, {'❶', '❾', "123456789"}, {'➀', '➈', "123456789"}, {'➊', '➒', "123456789"},
	{'⒜', '⒵', small}, {'Ⓐ', 'Ⓩ', capitals}, {'ⓐ', 'ⓩ', small}, {'🄐', '🄩', capitals}, {'🄰', '🅉', capitals}, {'🅐', '🅩', capitals}, {'🅰', '🆉', capitals},
	{'\U0001d400', '\U0001d6a3', capitals + small}, {'\U0001d7ce', '\U0001d7ff', "0123456789"}, {'\U0001fbf0', '\U0001fbf9', "0123456789"},
	{'≡', '≡', "#"}, {'ℂ', 'ℂ', "C"}, {'ℊ', 'ℎ', "gHHHh"}, {'ℐ', 'ℑ', "II"}, {'ℒ', 'ℒ', "L"}, {'ℕ', 'ℕ', "N"}, {'ℙ', 'ℝ', "PQRRR"}, {'ℤ', 'ℤ', "Z"},
	{'ℬ', 'ℭ', "BC"}, {'ℯ', 'ℱ', "eEF"}, {'ℳ', 'ℴ', "Mo"}, {'ⁱ', 'ⁱ', "i"}, {'ⁿ', 'ⁿ', "n"}, {'ₐ', 'ₐ', "a"}, {'ₙ', 'ₙ', "n"}, {'ₓ', 'ₓ', "x"},
}

const capitals, small = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"

// plainOf returns the ASCII character that another is a form of.
func plainOf(r rune) (c byte, ok bool) {
	if 0xff01 <= r && r <= 0xff5e {
		return byte(r - 0xff01 + '!'), true
	}
	for _, block := range forms {
		if block.first <= r && r <= block.last {
			return block.stand[int(r-block.first)%len(block.stand)], true
		}
	}
	return 0, false
}

func isHyphen(r rune) bool {
	return 0x2010 <= r && r <= 0x2015 || r == '−' || r == '⁃' || r == '﹘' || r == '﹣' || r == 'ー' || r == '᠆'
}

// joins reports whether what is at a place joins two digits, with white space
// between or not, or stands between ASCII characters of a word.
func joins(text string, from, to int) bool {
	if from == 0 || to == len(text) {
		return false
	}
	if shows(text[from-1]) && shows(text[to]) {
		return true
	}
	before, after := strings.TrimRight(text[max(0, from-4):from], " \t\r\n"), strings.TrimLeft(text[to:min(len(text), to+4)], " \t\r\n")
	return before != "" && after != "" && isDigitForm(utf8.DecodeLastRuneInString(before)) && isDigitForm(utf8.DecodeRuneInString(after))
}

func shows(c byte) bool { return ' ' < c && c < 0x7f }

func isDigitForm(r rune, _ int) bool {
	c, ok := plainOf(r)
	return '0' <= r && r <= '9' || ok && classOf[c]&digit != 0
}

// isHidden reports whether a character does not show, other than those that
// spell out hidden text.
func isHidden(r rune) bool {
	return 0x200b <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x2060 <= r && r <= 0x206f || r == 0xfeff || r == 0xad || r == 0x34f || r == 0x61c || r == 0x180e
}

func hiddenEnd(text string, i int) int {
	for i < len(text) && text[i] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isHidden(r) {
			break
		}
		i += size
	}
	return i
}
