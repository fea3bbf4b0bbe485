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
		c := w.text[i]
		if classOf[c]&letter != 0 {
			base := c&0x20 | 'A'
			c = base + (c-base+13)%26
		}
		w.out.WriteByte(c)
	}
	w.at.Copy(len(w.text))
	w.done = len(w.text)
	w.used(Rot13)
}

// reverse writes the characters from the last to the first.
func reverse(w *rewriter, _ survey) {
	w.out.Grow(len(w.text))
	for end := len(w.text); end > 0; {
		_, size := utf8.DecodeLastRuneInString(w.text[:end])
		w.out.WriteString(w.text[end-size : end])
		end -= size
	}
	w.at.Reverse(len(w.text))
	w.done = len(w.text)
	w.used(Reversed)
}
