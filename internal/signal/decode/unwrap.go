package decode

import (
	"html"
	"strings"
	"unicode/utf8"
)

// unwrap decodes what is written in an exact encoding: escapes of characters
// and runs of base64 or hex. It goes once over the text.
func unwrap(w *rewriter, seen survey) {
	u := unwrapper{rewriter: w, seen: seen}
	for i := 0; i < len(w.text); {
		end := u.at(i)
		if end <= i {
			end = i + 1
		}
		i = end
	}
}

// unwrapper decodes parts of a text. The slices are used again for each.
type unwrapper struct {
	*rewriter
	seen    survey
	decoded []byte
	units   []unit
	// Up to where runs of several words were tried in vain.
	tried, triedHex int
	// Where the last word with a plus sign ends, and whether it has escapes.
	word int
	form bool
}

// at decodes what begins at a byte, and returns where it ends; i or less if
// nothing does.
func (u *unwrapper) at(i int) int {
	switch c := u.text[i]; {
	case c == '%' && u.seen.percents > 0:
		if end := u.keepDecoded(URL, i, u.run(i, readPercents)); u.done == end {
			return end
		}
		return u.keepDecoded(URL, i, u.run(i, readPercent))
	case c == '+' && u.seen.percents > 0 && u.inForm(i):
		u.decoded, u.units = append(u.decoded[:0], ' '), append(u.units[:0], unit{1, 1})
		return u.keepDecoded(URL, i, i+1)
	case c == '&' && u.seen.entities > 0:
		return u.keepDecoded(HTML, i, u.run(i, readEntity))
	case c == '\\' && u.seen.escapes > 0:
		return u.keepDecoded(Escape, i, u.run(i, readEscape))
	case c == '=' && u.seen.quoted > 0:
		return u.keepDecoded(QuotedPrintable, i, u.run(i, readQuoted))
	case classOf[c]&tag != 0 && u.seen.tags:
		return u.tags(i)
	case isBase64(c) && (i == 0 || !isBase64(u.text[i-1])):
		return u.token(i)
	}
	return i
}

// reader reads one encoded character from the beginning of a text. It appends
// what it stands for and returns how long it is; 0 if there is none.
type reader func(out []byte, text string) ([]byte, int)

// run reads as many characters as there are, and returns where they end.
func (u *unwrapper) run(i int, read reader) int {
	u.decoded, u.units = u.decoded[:0], u.units[:0]
	for i < len(u.text) {
		out, n := read(u.decoded, u.text[i:])
		if n == 0 {
			break
		}
		u.units = append(u.units, unit{len(out) - len(u.decoded), n})
		u.decoded = out
		i += n
	}
	return i
}

// keepDecoded writes what was decoded if it is text, and returns its end
// anyway.
func (u *unwrapper) keepDecoded(name string, from, end int) int {
	if end > from && isText(u.decoded) {
		u.replace(name, from, u.decoded, u.units)
	}
	return end
}

// readPercents reads %73 of which the percent sign is itself encoded, any
// number of times: %252573.
func readPercents(out []byte, text string) ([]byte, int) {
	if text[0] != '%' {
		return out, 0
	}
	n := 1
	for strings.HasPrefix(text[n:], "25") {
		n += 2
	}
	if b, ok := hexByte(text[n:]); ok {
		return append(out, b), n + 2
	}
	if n > 1 { // what follows is no digit: it ends in a percent sign
		return append(out, '%'), n
	}
	return readPercent(out, text)
}

// readPercent reads %73 and %u0073.
func readPercent(out []byte, text string) ([]byte, int) {
	if text[0] != '%' {
		return out, 0
	}
	if strings.HasPrefix(text[1:], "u") {
		return readDigits(out, text, 2, 4)
	}
	if b, ok := hexByte(text[1:]); ok {
		return append(out, b), 3
	}
	return out, 0
}

// inForm reports whether a plus sign is in a word with percent escapes, and so
// stands for a space.
func (u *unwrapper) inForm(i int) bool {
	if i >= u.word {
		end := i
		for end < len(u.text) && !isBlank(u.text[end]) {
			end++
		}
		start := i
		for start > u.word && !isBlank(u.text[start-1]) {
			start--
		}
		u.word, u.form = end, strings.IndexByte(u.text[start:end], '%') >= 0
	}
	return u.form
}

// longestEntity is how long an HTML entity may be.
const longestEntity = 34

// readEntity reads &lt; and &#115; and &#x73; of which the latter two may lack
// the semicolon.
func readEntity(out []byte, text string) ([]byte, int) {
	if text[0] != '&' {
		return out, 0
	}
	end := strings.IndexByte(text[:min(len(text), longestEntity)], ';') + 1
	if strings.HasPrefix(text, "&#") {
		return readNumber(out, text)
	}
	if end == 0 {
		return out, 0
	}
	decoded := html.UnescapeString(text[:end])
	if decoded == text[:end] {
		return out, 0
	}
	return append(out, decoded...), end
}

func readNumber(out []byte, text string) ([]byte, int) {
	from, base := 2, rune(10)
	if len(text) > 2 && text[2]|0x20 == 'x' {
		from, base = 3, 16
	}
	r, end := rune(0), from
	for ; end < len(text) && r <= utf8.MaxRune; end++ {
		d := digitOf(text[end])
		if d >= base {
			break
		}
		r = r*base + d
	}
	if end == from || !utf8.ValidRune(r) {
		return out, 0
	}
	if end < len(text) && text[end] == ';' {
		end++
	}
	return utf8.AppendRune(out, r), end
}

// readEscape reads \x73, \u0073, \u{73} and \U00000073.
func readEscape(out []byte, text string) ([]byte, int) {
	if text[0] != '\\' || len(text) < 4 {
		return out, 0
	}
	switch {
	case text[1] == 'x':
		if b, ok := hexByte(text[2:]); ok {
			return append(out, b), 4
		}
	case text[1] == 'u' && text[2] == '{':
		end := strings.IndexByte(text[:min(len(text), 11)], '}')
		if end > 3 {
			if decoded, n := readDigits(out, text, 3, end-3); n > 0 {
				return decoded, n + 1
			}
		}
	case text[1] == 'u':
		return readDigits(out, text, 2, 4)
	case text[1] == 'U':
		return readDigits(out, text, 2, 8)
	}
	return out, 0
}

// readDigits reads a character whose number has n hex digits. Of a pair of
// surrogates both are read.
func readDigits(out []byte, text string, from, n int) ([]byte, int) {
	r, ok := hexNumber(text, from, n)
	if !ok {
		return out, 0
	}
	end := from + n
	if 0xd800 <= r && r < 0xdc00 && n == 4 && strings.HasPrefix(text[end:], text[:from]) {
		if low, ok := hexNumber(text, end+from, n); ok && 0xdc00 <= low && low < 0xe000 {
			r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
			end += from + n
		}
	}
	if !utf8.ValidRune(r) {
		return out, 0
	}
	return utf8.AppendRune(out, r), end
}

func hexNumber(text string, from, n int) (rune, bool) {
	if from+n > len(text) {
		return 0, false
	}
	r := rune(0)
	for i := from; i < from+n; i++ {
		if !isHex(text[i]) || r > utf8.MaxRune {
			return 0, false
		}
		r = r<<4 | digitOf(text[i])
	}
	return r, true
}

// readQuoted reads =73 and a line break that does not count.
func readQuoted(out []byte, text string) ([]byte, int) {
	switch {
	case text[0] != '=':
	case strings.HasPrefix(text, "=\r\n"):
		return out, 3
	case strings.HasPrefix(text, "=\n"):
		return out, 2
	default:
		if b, ok := hexByte(text[1:]); ok {
			return append(out, b), 3
		}
	}
	return out, 0
}

func hexByte(text string) (byte, bool) {
	if len(text) < 2 || !isHex(text[0]) || !isHex(text[1]) {
		return 0, false
	}
	return byte(digitOf(text[0])<<4 | digitOf(text[1])), true
}

func isHex(c byte) bool { return digitOf(c) < 16 }

// digitOf returns the value of a digit, of at most 36 or so.
func digitOf(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return rune(c|0x20-'a') + 10
	}
	return 99
}
