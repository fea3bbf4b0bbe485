package decode

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/offset"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// longestGuess is how many bytes of a text are searched at most for writings
// that are only guessed: more than the longest prompt has. A text with more
// that may be written otherwise is long enough to show by its words how it is
// written.
const longestGuess = 8 << 10

// A long text is guessed in parts, which overlap so that a name lies within
// one.
const (
	guessedPart    = 512
	guessedOverlap = 128
)

// leastTurned is how much has to speak for a text being turned so that it is
// tried.
const leastTurned = bit

// guesses reports whether a text may be written in a way that it does not show:
// a formula that is turned looks like any other.
func (s survey) guesses() bool {
	return s.mayBeRot13() || s.mayBeReversed() || s.spelled() || s.mixed || s.paired
}

func (s survey) mayBeRot13() bool {
	return s.coded || s.rot13 >= leastTurned || s.named&knownRot13 != 0
}

func (s survey) mayBeReversed() bool {
	return s.coded || s.reversed >= leastTurned || s.named&knownReversed != 0
}

// guess adds the text in the writings that it may be in.
func (d *decoder) guess(seen survey) {
	text, origin := d.suspects()
	if text == "" || len(text) > longestGuess || d.truncated {
		return
	}
	for _, way := range []struct {
		apply bool
		do    func(*rewriter, survey)
	}{
		{seen.spelled(), joinAnything},
		{seen.mixed, func(w *rewriter, _ survey) { readAnyLeet(w, 'i') }},
		{seen.mixed, func(w *rewriter, _ survey) { readAnyLeet(w, 'l') }},
		{seen.mixed, func(w *rewriter, _ survey) { readAnyLeet(w, 0) }},
		{seen.paired, halveAnything},
		{seen.mayBeRot13(), turnBareRot13},
		{seen.mayBeReversed(), reverse},
		{seen.mayBeReversed(), reverseWords},
	} {
		if !way.apply || d.Expired() {
			continue
		}
		w := rewriter{text: text}
		way.do(&w, seen)
		if len(w.names) == 0 {
			continue
		}
		guess, at := w.finish()
		if guess != text && !d.has(guess) {
			d.layers = append(d.layers, Layer{Encoding: strings.Join(w.names, "+"), Text: guess, Guess: true, origin: at.After(origin), depth: 1})
		}
	}
}

// suspects returns the parts of the text that by themselves may be written in a
// way that they do not show, and the map that leads back to the text.
func (d *decoder) suspects() (string, offset.Map) {
	if len(d.text) <= guessedPart {
		return d.text, offset.Map{}
	}
	var parts []passage
	for start, end := 0, 0; end < len(d.text); start = cut(d.text, end-guessedOverlap) {
		end = cut(d.text, start+guessedPart)
		if !look(d.text[start:end], d.Names).guesses() {
			continue
		}
		if last := len(parts) - 1; last >= 0 && parts[last].end >= start {
			parts[last].end = end
		} else {
			parts = append(parts, passage{start, end})
		}
	}
	return only(d.text, parts)
}

// cut returns where a text is best cut near a byte: before it, at the last
// white space if that is not far, or else between two characters.
func cut(text string, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for i := at; i > at-guessedOverlap/2; i-- {
		if isBlank(text[i]) {
			return i
		}
	}
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// readAnyLeet replaces the digits and signs of every word that has letters too,
// 1 by one letter or, if that is 0, by the likelier one.
func readAnyLeet(w *rewriter, one byte) {
	leetWords(w.text, func(start, end int) {
		word := w.text[start:end]
		letters := func(c byte) bool { return classOf[c]&letter != 0 }
		signs := func(c byte) bool { return leetLetters[c] != 0 }
		if all := []byte(word); !slices.ContainsFunc(all, letters) || !slices.ContainsFunc(all, signs) {
			return
		}
		w.keep(start)
		w.out.Write(appendLeet(nil, word, one))
		w.at.Copy(end - start)
		w.done = end
		w.used(Leet)
	})
}

// halveAnything writes whatever stands there doubled, between spaces, once.
func halveAnything(w *rewriter, _ survey) {
	for i := 0; i < len(w.text); i++ {
		if isBlank(w.text[i]) {
			continue
		}
		end := tokenEnd(w.text, i)
		if times, _, _ := repeats(w.text[i:end]); times > 1 {
			w.keep(i)
			w.halve(end, times)
			w.used(Doubled)
		}
		i = end
	}
}

// joinAnything writes in one piece whatever has the same sign behind each of
// its characters. Characters that stand alone between spaces may be of one word
// or of several.
func joinAnything(w *rewriter, _ survey) {
	for i := 0; i < len(w.text); i++ {
		if isBlank(w.text[i]) {
			continue
		}
		end := tokenEnd(w.text, i)
		switch {
		case isSpelled(w.text[i:end]):
			w.keep(i)
			w.joinSigns(end)
			w.used(Spelled)
		case endsSingle(w.text, i, end) && w.done < i && i > 1 && w.text[i-1] == ' ' && startsSingle(w.text, i-1):
			w.keep(i - 1)
			w.put(string(textnorm.Seam), i)
			w.used(Spelled)
		}
		i = end
	}
}

// endsSingle reports whether a token is one character, with the marks on it.
func endsSingle(text string, start, end int) bool { return isOne(text[start:end]) }

// startsSingle reports whether a text has a token of one character, with the
// marks on it, before a byte.
func startsSingle(text string, end int) bool {
	start := end
	for start > 0 && !isBlank(text[start-1]) {
		if start--; end-start > longestOne {
			return false
		}
	}
	return start < end && isOne(text[start:end])
}

// longestOne is how many bytes a character has at most with the marks on it.
const longestOne = 16

// isOne reports whether a token is one character, with the marks on it.
func isOne(token string) bool {
	_, size := utf8.DecodeRuneInString(token)
	for len(token) <= longestOne && size < len(token) {
		r, mark := utf8.DecodeRuneInString(token[size:])
		if !isMarkOn(r) {
			return false
		}
		size += mark
	}
	return size > 0 && size == len(token)
}

// isMarkOn reports whether a character is a mark on the one before it, or does
// not show.
func isMarkOn(r rune) bool { return r >= firstMark && (isHidden(r) || unicode.Is(unicode.M, r)) }

// firstMark is the first of those characters.
const firstMark = 0xad

// isSpelled reports whether a token has the same sign behind each of its
// characters but the last.
func isSpelled(token string) bool {
	_, first := utf8.DecodeRuneInString(token)
	if first+1 >= len(token) || classOf[token[first]]&wordPart != 0 {
		return false
	}
	by := token[first]
	for i := 0; i < len(token); {
		_, size := utf8.DecodeRuneInString(token[i:])
		i += size
		if i < len(token) && token[i] != by {
			return false
		}
		i++
	}
	return true
}

// joinSigns writes a token that is spelled without the signs, up to its end.
func (w *rewriter) joinSigns(end int) {
	for w.done < end {
		_, size := utf8.DecodeRuneInString(w.text[w.done:])
		w.keep(w.done + size)
		if w.done < end {
			w.at.Skip(1)
			w.done++
		}
	}
}
