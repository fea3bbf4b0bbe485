package decode

import (
	"strings"
	"unicode/utf8"
)

// hinted lowers what has to be known about a text to read it turned, if the
// text says that it is.
func (s *survey) hinted(text string) {
	if 0 < s.rot13 && s.rot13 < leastRot13 && names(text, "rot13", "ROT13", "rot-13", "ROT-13", "caesar", "Caesar") {
		s.rot13 = leastRot13
	}
	if 0 < s.reversed && s.reversed < leastReversed && names(text, "backward", "reverse", "Reverse") {
		s.reversed = leastReversed
	}
}

// punctuated takes into account where the marks of a text that may be reversed
// stand: before words, as they do once they are turned, or behind them.
func (s *survey) punctuated(text string) {
	const most = 2 // of the marks say as much as all
	if s.reversed <= 0 {
		return
	}
	net := 0
	for i := range len(text) {
		if isMark[text[i]] {
			net += markBefore(text, i)
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	if strings.ContainsRune(foreignStops, first) {
		net += most
	}
	if strings.ContainsRune(foreignStops, last) {
		net -= most
	}
	s.reversed = max(s.reversed+min(max(net, -most), most)*bit, 0)
}

// isMark holds the marks that stand behind words.
var isMark = [256]bool{'.': true, ',': true, ';': true, ':': true, '!': true, '?': true}

// markBefore returns 1 for a mark that stands before a word only, and -1 for
// one that stands behind a word only.
func markBefore(text string, i int) int {
	behind := i > 0 && classOf[text[i-1]]&wordPart != 0
	before := i+1 < len(text) && classOf[text[i+1]]&wordPart != 0
	switch {
	case before && !behind:
		return 1
	case behind && !before:
		return -1
	}
	return 0
}

// foreignStops end sentences in languages beyond ASCII.
const foreignStops = "。！？؟।"

func names(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// turnRot13 replaces each letter by the one 13 places further.
func turnRot13(w *rewriter, _ survey) {
	w.out.Grow(len(w.text))
	for i := range len(w.text) {
		w.out.WriteByte(turnedLetter(w.text[i]))
	}
	w.at.Copy(len(w.text))
	w.done = len(w.text)
	w.used(Rot13)
}

// turnBareRot13 is turnRot13 without the marks on letters.
func turnBareRot13(w *rewriter, _ survey) {
	w.out.Grow(len(w.text))
	for i, r := range w.text {
		if c := bare(r); c != 0 {
			w.keep(i)
			w.put(asciiOf(turnedLetter(c)), i+utf8.RuneLen(r))
		}
	}
	w.used(Rot13)
}

// turnedLetter returns the letter 13 places further; any other byte as it is.
func turnedLetter(c byte) byte {
	if classOf[c]&letter == 0 {
		return c
	}
	base := c&0x20 | 'A'
	return base + (c-base+13)%26
}

// reverse writes the characters from the last to the first.
func reverse(w *rewriter, _ survey) {
	w.out.Grow(len(w.text))
	w.turn(len(w.text))
	w.used(Reversed)
}

// reverseWords writes the characters of each word from the last to the first,
// and leaves the words in their order.
func reverseWords(w *rewriter, _ survey) {
	w.out.Grow(len(w.text))
	for i := 0; i < len(w.text); i++ {
		if classOf[w.text[i]]&wordPart == 0 {
			continue
		}
		end := i
		for j := i; j < len(w.text) && !isBlank(w.text[j]); j++ {
			if classOf[w.text[j]]&wordPart != 0 {
				end = j + 1
			}
		}
		w.keep(i)
		w.turn(end)
		i = end
	}
	w.used(Reversed)
}

// turn writes the characters up to a byte from the last to the first.
func (w *rewriter) turn(to int) {
	from := w.done
	for end := to; end > from; {
		_, size := utf8.DecodeLastRuneInString(w.text[from:end])
		w.out.WriteString(w.text[end-size : end])
		end -= size
	}
	w.at.Reverse(to - from)
	w.done = to
}
