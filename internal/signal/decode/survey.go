package decode

import (
	"strings"
	"unicode/utf8"
)

// survey is what one look at a text says about how it may be encoded.
type survey struct {
	percents, entities, escapes, quoted int
	tokens                              int // that may be base64 or hex
	row, pairs                          int // groups of hex digits now, at most
	tags                                bool
	adjacent                            int // single letters beside another
	leet, doubled                       bool
	rot13, reversed                     int // in sixteenths of a bit
}

func (s survey) suspicious() bool {
	return s.wraps() || s.spelled() || s.leet || s.doubled || s.rot13 >= leastRot13 || s.reversed >= leastReversed
}

func (s survey) wraps() bool {
	return s.percents|s.entities|s.escapes|s.tokens != 0 || s.quoted > 0 || s.pairs >= leastPairs || s.tags
}

func (s survey) spelled() bool { return s.adjacent >= 3 }

// How sure a survey must be of text that is turned: so that of some ten
// thousand ordinary prompts, descriptions and names one in two thousand passes,
// and of sentences that are turned nine in ten.
const (
	leastRot13    = 7*bit/2 + 1
	leastReversed = 7*bit/2 + 1
	leastPairs    = 4
)

// Classes of bytes.
const (
	lower = 1 << iota
	upper
	digit
	high    // a part of a character beyond ASCII
	tag     // that begins a tag character
	special // that may begin something encoded
	bracket // that stands beside letters in formulas, not in prose
	hexDigit
)

const (
	letter   = lower | upper
	wordPart = letter | digit | high
)

var classOf = classes()

func classes() (table [256]uint8) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z':
			table[c] = lower
		case 'A' <= c && c <= 'Z':
			table[c] = upper
		case '0' <= c && c <= '9':
			table[c] = digit
		case c >= utf8.RuneSelf:
			table[c] = high
		case strings.IndexByte(`%&\=$@!`, byte(c)) >= 0:
			table[c] = special
		}
		if strings.IndexByte(`()[]=#@/\_{}<>-`, byte(c)) >= 0 {
			table[c] |= bracket
		}
		if isHex(byte(c)) {
			table[c] |= hexDigit
		}
	}
	table[0xf3] |= tag
	return table
}

// word is a run of letters and digits.
type word struct {
	start, end    int
	first, rest   uint8  // the classes of its bytes
	rot13, turned int    // how much its pairs speak for it being turned
	letters       uint32 // of its numbers, as [hashWord] takes them
	single        bool   // whether it is one character
}

// all returns the classes of all bytes of a word.
func (w word) all() uint8 { return w.first | w.rest }

// mixes reports whether a word has capitals where words of a language have
// none, or digits.
func (w word) mixes() bool {
	return w.rest&upper != 0 && w.all()&lower != 0 || w.all()&digit != 0 && w.all()&letter != 0
}

// look goes once over a text.
func look(text string) survey {
	var s survey
	var last word
	var rot13, reversed sum
	for i := 0; i < len(text); {
		class := classOf[text[i]]
		if class&wordPart == 0 {
			if class&special != 0 {
				s.special(text, i)
			}
			i++
			continue
		}
		w := readWord(text, i)
		i = w.end
		s.word(text, w, last)
		rot, rev := w.evidence(text)
		rot13.add(rot)
		reversed.add(rev)
		last = w
	}
	s.rot13, s.reversed = rot13.result(leastRot13), reversed.result(leastReversed)
	s.hinted(text)
	return s
}

func readWord(text string, start int) word {
	w := word{start: start, first: classOf[text[start]]}
	before := uint32(0)
	i := start
	for ; i < len(text); i++ {
		class := classOf[text[i]]
		if class&wordPart == 0 {
			break
		}
		if i > start {
			w.rest |= class
		}
		l := uint32(letterOf[text[i]])
		pair := (before*states + l) % (states * states)
		w.rot13 += int(forRot13[pair])
		w.turned += int(forReversed[pair])
		w.letters = w.letters*states + l
		before = l
	}
	pair := before * states % (states * states)
	w.rot13 += int(forRot13[pair])
	w.turned += int(forReversed[pair])
	w.end = i
	w.single = i-start == 1 || i-start <= utf8.UTFMax && w.first&high != 0 && utf8.RuneCountInString(text[start:i]) == 1
	return w
}

// evidence returns how much a word speaks for rot13 and for being reversed. A
// word of few letters that occurs in a language, or would if it were turned,
// says more than its pairs do. Parts of formulas, of names of chemicals and of
// code speak for nothing, and so do words with letters beyond ASCII.
func (w word) evidence(text string) (rot, rev int) {
	const most, drift = 2 * bit, bit / 2
	rot, rev = min(w.rot13, most)-drift, min(w.turned, most)-drift
	all := w.all()
	odd := all&(digit|high) != 0 || w.rest&upper != 0 && all&lower != 0 || w.end-w.start == 1 ||
		w.start > 0 && classOf[text[w.start-1]]&bracket != 0 || w.end < len(text) && classOf[text[w.end]]&bracket != 0
	if odd {
		rot, rev = min(rot, 0), min(rev, 0)
	}
	n := w.end - w.start
	if n < 2 || n > longestKnown || all&(digit|high) != 0 {
		return rot, rev
	}
	is := known.lookUp(w.letters)
	return weigh(rot, is, knownRot13, knownBonus[n], odd), weigh(rev, is, knownReversed, knownBonus[n], odd)
}

// sum adds up evidence of words.
type sum struct{ all, run, most, words int }

func (s *sum) add(evidence int) {
	if evidence > 0 {
		s.words++
	}
	s.all += evidence
	s.run = max(s.run+evidence, 0)
	s.most = max(s.most, s.run)
}

// leastWhole is how much evidence there has to be in a whole text.
const leastWhole = 3 * bit / 2

// result returns the evidence of the run of words with the most. It is enough
// in any case if the whole text speaks for being turned, and not one word
// alone.
func (s sum) result(enough int) int {
	if s.all >= leastWhole && s.words > 1 {
		return max(s.most, enough)
	}
	return s.most
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

// word looks at the form of a word: at its length, its digits and capitals, and
// at how it stands beside the last one.
func (s *survey) word(text string, w, last word) {
	s.tags = s.tags || w.all()&tag != 0
	if w.single {
		if last.single && w.start-last.end == 1 {
			s.adjacent++
		}
		return
	}
	token := text[w.start:w.end]
	s.hexGroup(token, w)
	if w.mayBeBase64(text, last) {
		s.tokens++
	}
	if w.all()&digit != 0 && w.all()&letter != 0 && !s.leet {
		s.leet = isLeet(text, w.start, w.end)
	}
	if len(token) >= 6 && !s.doubled {
		s.doubled = surelyDoubled(text, w.start, w.end)
	}
}

// hexGroup counts groups of hex digits in a row, such as 73 61 72.
func (s *survey) hexGroup(token string, w word) {
	switch {
	case w.first&hexDigit == 0 || len(token)%2 != 0:
		s.row = 0
		return
	case token[0] == '0' && token[1]|0x20 == 'x':
		token = token[2:]
		if len(token) >= 2*leastBytes {
			s.tokens++
		}
	}
	for i := range len(token) {
		if classOf[token[i]]&hexDigit == 0 {
			s.row = 0
			return
		}
	}
	s.row++
	s.pairs = max(s.pairs, s.row)
	if len(token) >= 2*leastBytes && (w.all()&letter != 0 || len(token) >= 2*leastDecimals) {
		s.tokens++
	}
}

// mayBeBase64 reports whether a word looks like base64. Short words have to be
// padded, or to mix capitals, small letters and digits.
func (w word) mayBeBase64(text string, last word) bool {
	n := w.end - w.start
	if !w.mixes() || n < 4 {
		return false
	}
	padded := w.end < len(text) && text[w.end] == '='
	return n >= 8 || padded || n >= 6 && w.all()&letter == letter && w.all()&digit != 0 ||
		last.mixes() && last.end-last.start >= 4 && w.start-last.end <= 4
}

// special looks at a character that may begin something encoded.
func (s *survey) special(text string, i int) {
	next := func(n int) byte {
		if i+n < len(text) {
			return text[i+n]
		}
		return 0
	}
	switch text[i] {
	case '%':
		if isHex(next(1)) && isHex(next(2)) || next(1) == 'u' && isHex(next(2)) {
			s.percents++
		}
	case '&':
		if next(1) == '#' || classOf[next(1)]&letter != 0 && strings.IndexByte(text[i:min(len(text), i+longestEntity)], ';') > 0 {
			s.entities++
		}
	case '\\':
		if next(1) == 'x' || next(1)|0x20 == 'u' {
			s.escapes++
		}
	case '=':
		if isHex(next(1)) && isHex(next(2)) && next(3) == '=' || next(1) == '\n' || next(1) == '\r' {
			s.quoted++
		}
	default:
		s.leet = s.leet || isLeetSign(text, i)
	}
}
