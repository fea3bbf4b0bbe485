package decode

// word is a run of letters and digits.
type word struct {
	start, end  int
	first, rest uint8  // the classes of its bytes
	turned      int64  // the sum of [pairEvidence] over its pairs
	letters     uint32 // of its numbers, as [wordTable] takes them
}

// readWord reads the word that begins at a byte.
func readWord(text string, start int) word {
	first := bytesOf[text[start]]
	before := uint32(first.letter)
	w := word{start: start, first: first.class, turned: pairEvidence[before%states], letters: before}
	i := start + 1
	for ; i < len(text); i++ {
		b := bytesOf[text[i]]
		if b.class&wordPart == 0 {
			break
		}
		w.rest |= b.class
		l := uint32(b.letter)
		w.turned += pairEvidence[(before*states+l)%(states*states)]
		w.letters = w.letters*states + l
		before = l
	}
	w.turned += pairEvidence[before*states%(states*states)]
	w.end = i
	return w
}

// all returns the classes of all bytes of a word.
func (w *word) all() uint8 { return w.first | w.rest }

// isOrdinary reports whether a word has letters only, no capitals inside, and
// letters that no hex digit is.
func (w *word) isOrdinary() bool {
	return w.rest&^(lower|hexDigit) == 0 && w.rest&lower != 0 && w.first&letter != 0 && (w.first&hexDigit == 0 || (w.end-w.start)%2 != 0)
}

// isSingle reports whether a word is one character, with the marks on it.
func (w *word) isSingle(text string) bool {
	n := w.end - w.start
	return n == 1 || n <= longestOne && w.all()&high != 0 && isOne(text[w.start:w.end])
}

// mixes reports whether a word has capitals where words of a language have
// none, or digits.
func (w *word) mixes() bool {
	return w.rest&upper != 0 && w.all()&lower != 0 || w.all()&digit != 0 && w.all()&letter != 0
}

// mayBeBase64 reports whether a word looks like base64. Short words have to be
// padded, or to mix capitals, small letters and digits.
func (w *word) mayBeBase64(text string, last *word) bool {
	n := w.end - w.start
	if !w.mixes() || n < 4 {
		return false
	}
	padded := w.end < len(text) && text[w.end] == '='
	return n >= 8 || padded || n >= 6 && w.all()&letter == letter && w.all()&digit != 0 ||
		last.mixes() && last.end-last.start >= 4 && w.start-last.end <= 4
}

// evidence returns how much a word speaks for rot13 and for being reversed. A
// word of few letters that occurs in a language, or would if it were turned,
// says more than its pairs do. Parts of formulas, of names of chemicals and of
// code speak for nothing.
func (w *word) evidence(text string) (rot, rev int) {
	const most, drift = 2 * bit, bit / 2
	rot, rev = unpack(w.turned)
	rot, rev = min(rot, most)-drift, min(rev, most)-drift
	n, all := w.end-w.start, w.all()
	if all&high != 0 {
		return rot, w.foreign(text)
	}
	capital := w.endsInCapital(text)
	odd := all&digit != 0 || w.rest&upper != 0 && all&lower != 0 && !capital || n == 1 || w.besideBracket(text)
	if n >= leastEnds && all&digit == 0 {
		rev += w.ends(text)
	}
	if capital {
		rot, rev = min(rot, 0), rev+bit
	}
	if odd {
		rot, rev = min(rot, 0), min(rev, 0)
	}
	if n < 2 || n > longestKnown || all&digit != 0 {
		return rot, rev
	}
	is := known.lookUp(w.letters)
	return weigh(rot, is, knownRot13, knownBonus[n], odd || capital), weigh(rev, is, knownReversed, knownBonus[n], odd)
}

// endsInCapital reports whether a word has one capital, and has it at its end:
// a name that is turned, or the beginning of a sentence.
func (w *word) endsInCapital(text string) bool {
	if w.rest&upper == 0 || w.first&lower == 0 || w.end-w.start < 3 || classOf[text[w.end-1]]&upper == 0 {
		return false
	}
	for _, c := range []byte(text[w.start+1 : w.end-1]) {
		if classOf[c]&lower == 0 {
			return false
		}
	}
	return true
}

// ends returns how much the ends of a word speak for it being reversed.
func (w *word) ends(text string) int {
	begin := endEvidence[three(text[w.start], text[w.start+1], text[w.start+2])]
	end := endEvidence[three(text[w.end-1], text[w.end-2], text[w.end-3])]
	return int(begin) - int(end)
}

// besideBracket reports whether a word stands beside a sign of formulas, or a
// hyphen behind which there is no word.
func (w *word) besideBracket(text string) bool {
	return w.start > 0 && ofFormula(text, w.start-1, -1) || w.end < len(text) && ofFormula(text, w.end, 1)
}

func ofFormula(text string, i, step int) bool {
	if text[i] != '-' {
		return classOf[text[i]]&bracket != 0
	}
	for range 2 {
		if i += step; i < 0 || i >= len(text) || classOf[text[i]]&letter == 0 {
			return true
		}
	}
	return false
}

// knownBonus is what being in the table says of a word with that many letters.
var knownBonus = [longestKnown + 1]int{2: bit, 3: 2 * bit, 4: 3 * bit, 5: 7 * bit / 2, 6: 7 * bit / 2}

// weigh adds to the evidence that a word is turned what the table says of it.
func weigh(evidence int, is, turned uint8, bonus int, odd bool) int {
	switch {
	case is&knownPlain != 0 && is&turned == 0:
		return evidence - bonus
	case is&turned != 0 && is&knownPlain == 0 && !odd:
		return min(evidence+bonus, bonus)
	}
	return evidence
}
