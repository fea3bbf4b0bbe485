package decode

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many bytes hex has to stand for at least, and hex that has only decimal
// digits, as ordinary numbers have.
const (
	leastBytes    = 3
	leastDecimals = 6
)

// base64Of returns the value of each digit of both alphabets of base64, and 1
// more; 0 for other bytes.
var base64Of = func() (table [256]uint8) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[c] = uint8(i + 1)
	}
	table['-'], table['_'] = table['+'], table['/']
	return table
}()

func isBase64(c byte) bool { return base64Of[c] != 0 }

// token decodes the run of base64 or hex digits that begins at a byte, and
// returns where it ends.
func (u *unwrapper) token(i int) int {
	if u.seen.tokens == 0 && u.seen.pairs < leastPairs {
		return i
	}
	end := base64End(u.text, i)
	if to := u.hex(i); to > i {
		return to
	}
	if u.seen.tokens == 0 {
		return end
	}
	if i >= u.tried {
		to, more := u.chain(i, end)
		if more > to && u.base64(i, more) {
			return more
		}
		if u.base64(i, to) {
			return to
		}
		u.tried = to
	}
	if u.base64(i, end) {
		return end
	}
	return u.parts(i, end)
}

// parts decodes the parts of a run between signs that are digits of base64, but
// more often stand between words.
func (u *unwrapper) parts(from, end int) int {
	for i := from; i < end; {
		n := strings.IndexAny(u.text[i:end], "-_/+")
		if n < 0 {
			n = end - i
		}
		if n < end-from && u.hex(i) <= i {
			u.base64(i, i+n)
		}
		i += n + 1
	}
	return end
}

// base64End returns where a run of base64 digits with its padding ends.
func base64End(text string, i int) int {
	for i < len(text) && isBase64(text[i]) {
		i++
	}
	for n := 0; n < 2 && i < len(text) && text[i] == '='; n++ {
		i++
	}
	return i
}

// chain returns where base64 ends that goes on behind spaces and line breaks,
// and where it would with one more line, which may be too short to look like
// it.
func (u *unwrapper) chain(from, end int) (to, more int) {
	if !looksEncoded(u.text[from:end]) {
		return end, end
	}
	for u.text[end-1] != '=' {
		next := end
		for next < len(u.text) && next < end+4 && isBlank(u.text[next]) {
			next++
		}
		to := base64End(u.text, next)
		if next == end || to == next {
			break
		}
		if !looksEncoded(u.text[next:to]) {
			if strings.IndexByte(u.text[end:next], '\n') < 0 {
				break
			}
			return end, to
		}
		end = to
	}
	return end, end
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// looksEncoded reports whether a run of base64 digits has what words have not:
// a capital behind a small letter, digits beside letters, or padding.
func looksEncoded(token string) bool {
	var rest, all uint8
	for i := range len(token) {
		all |= classOf[token[i]]
		if i > 0 {
			rest |= classOf[token[i]]
		}
	}
	return rest&upper != 0 && all&lower != 0 || all&digit != 0 && all&letter != 0 || strings.HasSuffix(token, "=")
}

// base64 decodes a part of the text, if that gives text.
func (u *unwrapper) base64(from, to int) bool {
	if to-from < 6 || !looksEncoded(u.text[from:to]) {
		return false
	}
	u.decoded, u.units = u.decoded[:0], u.units[:0]
	var bits uint32
	digits, start := 0, from
	for i := from; i < to; i++ {
		d := base64Of[u.text[i]]
		if d == 0 {
			continue
		}
		if digits == 4 {
			u.group(bits, digits, i-start)
			bits, digits, start = 0, 0, i
		}
		bits = bits<<6 | uint32(d-1)
		digits++
	}
	if digits == 1 {
		return false
	}
	u.group(bits, digits, to-start)
	if !isMessage(u.decoded) {
		return false
	}
	u.replace(Base64, from, u.decoded, u.units)
	return true
}

// group appends the bytes of two to four digits.
func (u *unwrapper) group(bits uint32, digits, length int) {
	bits <<= 6 * (4 - digits)
	for shift := 16; shift > 16-8*(digits-1); shift -= 8 {
		u.decoded = append(u.decoded, byte(bits>>shift))
	}
	u.units = append(u.units, unit{digits - 1, length})
}

// hex decodes groups of hex digits, with or without 0x, with one sign between
// each two, if that gives text. It returns where they end; i or less if they
// give none.
func (u *unwrapper) hex(i int) int {
	u.decoded, u.units = u.decoded[:0], u.units[:0]
	end, letters := i, false
	for gap := 0; ; {
		units := len(u.units)
		u.units = append(u.units, unit{0, gap})
		to, hasLetters := u.hexGroup(end + gap)
		if to == end+gap {
			u.units = u.units[:units]
			break
		}
		end, letters = to, letters || hasLetters
		if gap = separator(u.text[end:]); gap == 0 || i < u.triedHex {
			break
		}
	}
	least := leastBytes
	if !letters {
		least = leastDecimals
	}
	if len(u.decoded) < least || !isMessage(u.decoded) {
		u.triedHex = max(u.triedHex, end)
		return i
	}
	u.replace(Hex, i, u.decoded, u.units)
	return end
}

// hexGroup decodes a word of hex digits, and reports whether some are letters.
// It returns where the word ends; i if it is none.
func (u *unwrapper) hexGroup(i int) (end int, letters bool) {
	n, units, start := len(u.decoded), len(u.units), i
	end = i
	if strings.HasPrefix(u.text[i:], "0x") || strings.HasPrefix(u.text[i:], "0X") {
		end += 2
		letters = true
	}
	for b, ok := hexByte(u.text[end:]); ok; b, ok = hexByte(u.text[end:]) {
		letters = letters || (classOf[u.text[end]]|classOf[u.text[end+1]])&letter != 0
		end += 2
		u.decoded = append(u.decoded, b)
		u.units = append(u.units, unit{1, end - start})
		start = end
	}
	if len(u.decoded) == n || end < len(u.text) && classOf[u.text[end]]&wordPart != 0 {
		u.decoded, u.units = u.decoded[:n], u.units[:units]
		return i, false
	}
	return end, letters
}

// separator returns how long the sign is that a text begins with, if it is one
// that stands between bytes in hex.
func separator(text string) int {
	switch {
	case text == "":
		return 0
	case strings.HasPrefix(text, ", "), strings.HasPrefix(text, "\r\n"):
		return 2
	case strings.IndexByte(" ,:;-_\n\t", text[0]) >= 0:
		return 1
	}
	return 0
}

// isText reports whether decoded bytes are text: UTF-8 without controls.
func isText(decoded []byte) bool {
	for i := 0; i < len(decoded); {
		r, size := utf8.DecodeRune(decoded[i:])
		if r == utf8.RuneError || !unicode.IsPrint(r) && !isBlank(decoded[i]) {
			return false
		}
		i += size
	}
	return len(decoded) > 0
}

// isMessage reports whether decoded bytes are text that somebody wrote. Chance
// seldom gives many printable characters, and of a few seldom letters of one
// alphabet that read like a word.
func isMessage(decoded []byte) bool {
	if !isText(decoded) {
		return false
	}
	letters, digits, runes, beyond, mixed := 0, 0, 0, 0, false
	for i := 0; i < len(decoded); {
		r, size := utf8.DecodeRune(decoded[i:])
		if unicode.IsLetter(r) || r == ' ' || beyond > 0 && unicode.IsMark(r) {
			letters++
		}
		if '0' <= r && r <= '9' {
			digits++
		}
		if r >= utf8.RuneSelf {
			mixed = mixed || beyond > 0 && beyond != alphabetOf(r)
			beyond = alphabetOf(r)
		}
		runes++
		i += size
	}
	switch {
	case runes < 2:
		return false
	case beyond > 0 && runes < 16:
		return !mixed && 4*letters >= 3*runes
	case runes >= 10:
		return 3*(letters+digits) >= runes
	case runes >= 8:
		return 2*letters >= runes
	}
	return 3*letters >= 2*runes && readsLikeWord(decoded)
}

// alphabetOf returns a number for about the alphabet of a letter.
func alphabetOf(r rune) int {
	for i, first := range []rune{0x250, 0x530, 0x900, 0xe00, 0x1100, 0x2000, 0x3000, 0xfb00} {
		if r < first {
			return i + 1
		}
	}
	return 9
}
