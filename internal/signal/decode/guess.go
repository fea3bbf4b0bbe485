package decode

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// longestGuess is how many bytes a text has at most of which a writing is
// guessed. What is longer shows by its words how it is written.
const longestGuess = 2 << 10

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
	if len(d.text) > longestGuess || d.truncated {
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
		{seen.mayBeRot13(), turnRot13},
		{seen.mayBeReversed(), reverse},
		{seen.mayBeReversed(), reverseWords},
	} {
		if !way.apply || d.Expired() {
			continue
		}
		w := rewriter{text: d.text}
		way.do(&w, seen)
		if len(w.names) == 0 {
			continue
		}
		text, at := w.finish()
		if text != d.text && !d.has(text) {
			d.layers = append(d.layers, Layer{Encoding: strings.Join(w.names, "+"), Text: text, Guess: true, origin: at, depth: 1})
		}
	}
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

// endsSingle reports whether a token is one character.
func endsSingle(text string, start, end int) bool {
	_, size := utf8.DecodeRuneInString(text[start:end])
	return size == end-start
}

// startsSingle reports whether a text has a token of one character before a
// byte.
func startsSingle(text string, end int) bool {
	_, size := utf8.DecodeLastRuneInString(text[:end])
	start := end - size
	return size > 0 && !isBlank(text[start]) && (start == 0 || isBlank(text[start-1]))
}

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
