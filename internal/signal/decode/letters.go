package decode

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// isDoubled reports whether every character of a word stands there twice, or
// any other number of times more than once, and how often.
func isDoubled(text string, start, end int) (times int, doubled bool) {
	word := text[start:end]
	times, runs, letters := repeats(word)
	if times < 2 || 2*letters < runs || touchesCode(text, start, end) {
		return times, false
	}
	return times, runs > 1 || len(word) == times && classOf[word[0]]&letter != 0
}

// surelyDoubled reports whether a word is doubled and cannot be, say, a
// formula.
func surelyDoubled(text string, start, end int) bool {
	times, doubled := isDoubled(text, start, end)
	if !doubled || end-start < 3*times {
		return false
	}
	var half []byte
	for i := start; i < end; i += times {
		if classOf[text[i]]&high != 0 {
			return true
		}
		half = append(half, text[i])
	}
	return readsLikeWord(half)
}

// repeats returns the length of the shortest run of one character in a word,
// and how many runs there are, and how many of them of letters.
func repeats(word string) (least, runs, letters int) {
	least = len(word)
	for i := 0; i < len(word); {
		r, size := utf8.DecodeRuneInString(word[i:])
		n := 1
		for end := i + size; strings.HasPrefix(word[end:], word[i:i+size]) || n == 1 && isPair(r, word[end:]); n++ {
			end += size
		}
		if n < 2 {
			return 1, runs, letters
		}
		least = min(least, n)
		runs++
		if classOf[word[i]]&digit == 0 {
			letters++
		}
		i += n * size
	}
	return least, runs, letters
}

// isPair reports whether a text begins with the other case of a letter.
func isPair(r rune, text string) bool {
	next, size := utf8.DecodeRuneInString(text)
	return next != r && size == utf8.RuneLen(r) && unicode.ToLower(next) == unicode.ToLower(r)
}

// halve writes words whose letters are doubled with each letter once.
func halve(w *rewriter, _ survey) {
	sure := 0
	for i := 0; i < len(w.text); i++ {
		if classOf[w.text[i]]&wordPart == 0 {
			continue
		}
		end := wordEnd(w.text, i)
		if surelyDoubled(w.text, i, end) {
			sure++
		}
		i = end
	}
	tried := 0 // up to where signs too were looked at
	for i := 0; i < len(w.text); i++ {
		if classOf[w.text[i]]&wordPart == 0 {
			continue
		}
		end := wordEnd(w.text, i)
		around, from, to := w.text, i, end
		if sure > 1 { // whatever stands around a word
			around, from, to = w.text[i:end], 0, end-i
		}
		times, doubled := isDoubled(around, from, to)
		if sure > 1 && i >= tried {
			tried = tokenEnd(w.text, i)
			if n, _, _ := repeats(w.text[i:tried]); n > 1 {
				end, times, doubled = tried, n, true
			}
		}
		if doubled {
			w.keep(i)
			w.halve(end, times)
			w.used(Doubled)
		}
		i = end
	}
}

// halve writes a word with every run of a character as many times shorter.
func (w *rewriter) halve(end, times int) {
	for w.done < end {
		_, size := utf8.DecodeRuneInString(w.text[w.done:])
		n := min(times*size, end-w.done)
		w.put(w.text[w.done:w.done+size], w.done+n)
	}
}

// tokenEnd returns where what begins at a byte ends: before white space.
func tokenEnd(text string, start int) int {
	for start < len(text) && !isBlank(text[start]) {
		start++
	}
	return start
}

func wordEnd(text string, start int) int {
	end := start
	for end < len(text) && classOf[text[end]]&wordPart != 0 {
		end++
	}
	return end
}

// leastSpelled is how many characters have to be spelled out one by one.
const leastSpelled = 4

// joinSpelled writes words whose letters stand one by one, such as s a r i n,
// in one piece.
func joinSpelled(w *rewriter, _ survey) {
	for i := 0; i < len(w.text); {
		if i > 0 && classOf[w.text[i-1]]&wordPart != 0 {
			i++
			continue
		}
		spelling := readSpelling(w.text, i)
		if spelling.spells(w.text) {
			w.keep(i)
			w.join(spelling)
			w.used(Spelled)
		}
		i = max(spelling.end, i+1)
	}
}

// spelling is a run of characters that stand one by one.
type spelling struct {
	start, end     int
	units, letters int
	joints         int  // within words
	by             byte // what stands between two letters of a word
}

// spells reports whether enough letters stand one by one, and read like a word
// together.
func (s spelling) spells(text string) bool {
	return s.units >= leastSpelled && s.letters*5 >= s.units*2 && s.joints >= leastSpelled-1 && s.reads(text)
}

// readSpelling reads a run of single characters with the same sign between each
// two; between two words there may be up to four signs.
func readSpelling(text string, start int) spelling {
	s := spelling{start: start, end: start}
	for s.end < len(text) {
		gap := 0
		if s.units > 0 {
			if gap = s.gap(text[s.end:]); gap == 0 {
				break
			}
		}
		r, size := utf8.DecodeRuneInString(text[s.end+gap:])
		next := s.end + gap + size
		if !s.isUnit(r) || next < len(text) && !s.endsUnit(text[next]) {
			break
		}
		s.end = next
		s.units++
		if gap == 1 {
			s.joints++
		}
		if unicode.IsLetter(r) {
			s.letters++
		}
		if s.units == 1 && next < len(text) {
			s.by = text[next]
		}
	}
	return s
}

// gap returns how many signs stand between two characters; 0 if the run ends.
func (s spelling) gap(text string) int {
	n := 0
	for n < len(text) && n < 5 && (text[n] == s.by || n > 0 && text[n] == ' ') {
		n++
	}
	if n == 5 || n == len(text) {
		return 0
	}
	return n
}

// isUnit reports whether a character may be one of a word that is spelled.
// Once enough are, signs are spelled too.
func (s spelling) isUnit(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("$@!?'", r) || s.units >= leastSpelled && r > ' '
}

// endsUnit reports whether a byte may stand behind a character that is spelled.
func (s spelling) endsUnit(c byte) bool {
	return c == s.by && s.units > 0 || classOf[c]&wordPart == 0 && strings.IndexByte("'()[]{}=#<>&%\"", c) < 0
}

// reads reports whether what is spelled is a word, as far as one can tell.
func (s spelling) reads(text string) bool {
	var letters []byte
	for i := s.start; i < s.end; i++ {
		switch class := classOf[text[i]]; {
		case class&high != 0:
			return true
		case class&letter != 0:
			letters = append(letters, text[i])
		case leetLetters[text[i]] != 0 && text[i] != '!':
			letters = append(letters, leetLetters[text[i]])
		case class&digit != 0:
			letters = append(letters, ' ')
		case i+1 < s.end && text[i+1] == s.by: // between words
			letters = append(letters, ' ')
		}
	}
	return readsLikeWord(letters)
}

// longestSpelled is how many letters without a gap are taken for one word.
const longestSpelled = 14

// join writes the characters of a spelling without what stands between them.
// Where words cannot be told apart a [textnorm.Seam] stands between letters: it
// may be the end of a word or not.
func (w *rewriter) join(s spelling) {
	seams := s.joints == s.units-1 && s.units > longestSpelled
	_, size := utf8.DecodeRuneInString(w.text[w.done:])
	w.keep(w.done + size)
	for w.done < s.end {
		gap := 0
		for i := w.done; w.text[i] == s.by || gap > 0 && w.text[i] == ' '; i++ {
			gap++
		}
		switch {
		case gap > 1:
			w.put(" ", w.done+gap)
		case seams:
			w.put(string(textnorm.Seam), w.done+gap)
		default:
			w.at.Skip(gap)
			w.done += gap
		}
		_, size := utf8.DecodeRuneInString(w.text[w.done:])
		w.keep(w.done + size)
	}
}
