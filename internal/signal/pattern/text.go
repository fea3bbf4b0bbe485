package pattern

import "strings"

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool  { return isLetter(c) || isDigit(c) }
func isWord(c byte) bool   { return isAlnum(c) || c == '_' }
func isSpace(c byte) bool  { return c == ' ' || '\t' <= c && c <= '\r' }

// byteAt returns a byte of the text, 0 beyond it.
func (s *scanner) byteAt(i int) byte {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

// wordEnd returns where the letters and digits end that begin at a byte.
func (s *scanner) wordEnd(i int) int {
	for i < len(s.text) && isAlnum(s.text[i]) {
		i++
	}
	return i
}

// nameEnd is wordEnd for names of programs, which have underscores.
func (s *scanner) nameEnd(i int) int {
	for i < len(s.text) && isWord(s.text[i]) {
		i++
	}
	return i
}

// farthest is how far is looked from a place for what belongs to it, so that
// the time stays in proportion to the text.
const farthest = 64

// while returns where the bytes end that are in a set, or a little before.
func (s *scanner) while(i int, set string) int {
	for end := min(i+farthest, len(s.text)); i < end && strings.IndexByte(set, s.text[i]) >= 0; {
		i++
	}
	return i
}

// spaces returns where white space ends, or a little before.
func (s *scanner) spaces(i int) int {
	for end := min(i+farthest, len(s.text)); i < end && isSpace(s.text[i]); {
		i++
	}
	return i
}

// hasAt reports whether the text has a word at a byte, in any case.
func (s *scanner) hasAt(i int, word string) bool {
	return i >= 0 && i+len(word) <= len(s.text) && strings.EqualFold(s.text[i:i+len(word)], word)
}

// wordAt reports whether the text has a whole word at a byte, in any case.
func (s *scanner) wordAt(i int, word string) bool {
	return s.hasAt(i, word) && !isWord(s.byteAt(i+len(word)))
}

// anyWordAt returns where the first of some words ends that is at a byte; i if
// none is.
func (s *scanner) anyWordAt(i int, words ...string) int {
	for _, word := range words {
		if s.wordAt(i, word) {
			return i + len(word)
		}
	}
	return i
}

// within returns a part of the text of at most n bytes.
func (s *scanner) within(i, n int) string { return s.text[min(i, len(s.text)):min(i+n, len(s.text))] }
