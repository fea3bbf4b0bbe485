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
	// mixed says that a word has letters and digits, or signs like these; paired
	// that each character of one stands there twice; and coded that something may
	// be a formula, or a number of the registry that is turned.
	mixed, paired, coded bool
	named                uint8 // in which ways a name may be turned
	rot13, reversed      int   // in sixteenths of a bit
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
	leastReversed = 9 * bit / 2
	leastPairs    = 4
)

// leastDoubled is how many letters a word has that is surely doubled.
const leastDoubled = 6

// leastCoded is how many characters a formula has that is no name of a product.
const leastCoded = 4

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

// bytesOf holds the class and the number of the letter of each byte.
var bytesOf = func() (table [256]struct{ class, letter uint8 }) {
	for c := range table {
		table[c].class, table[c].letter = classOf[c], letterOf[c]
	}
	return table
}()

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

// look goes once over a text, in which some names may be turned.
func look(text string, names *Names) survey {
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
		if w.isOrdinary() {
			s.row = 0
		} else {
			s.word(text, &w, &last)
		}
		if w.end-w.start >= leastDoubled && letterOf[text[w.start]] == letterOf[text[w.start+1]] && !s.doubled {
			s.mayBeDoubled(text, &w)
		}
		rot, rev := w.evidence(text)
		if names != nil && w.end-w.start >= leastName {
			s.named |= w.named(text, names)
		}
		rot13.add(rot)
		reversed.add(rev)
		if w.all()&high != 0 {
			reversed.doubt()
		}
		last = w
	}
	s.rot13, s.reversed = rot13.result(leastRot13), reversed.result(leastReversed)
	s.punctuated(text)
	s.hinted(text)
	return s
}

// sum adds up evidence of words.
type sum struct {
	all, run, most int
	words          int // that speak for it
	least          int // what the whole text has to say more than
}

func (s *sum) add(evidence int) {
	if evidence > 0 {
		s.words++
	}
	s.all += evidence
	s.run = max(s.run+evidence, 0)
	s.most = max(s.most, s.run)
}

// doubt asks for more, because of a word in a language of which less is known.
func (s *sum) doubt() { s.run, s.least = max(s.run-bit, 0), bit }

// leastWords is how many words have to speak for a whole text being turned.
const leastWords = 2

// result returns the evidence of the run of words with the most. It is enough
// in any case if the whole text speaks for being turned, and not one word
// alone.
func (s sum) result(enough int) int {
	if s.all > s.least && s.words >= leastWords {
		return max(s.most, enough)
	}
	return s.most
}

// word looks at the form of a word: at its length, its digits and capitals, and
// at how it stands beside the last one.
func (s *survey) word(text string, w, last *word) {
	s.tags = s.tags || w.all()&tag != 0
	if w.isSingle(text) {
		s.coded = s.coded || w.first&digit != 0 && endsNumber(text, w.end)
		if w.start-last.end == 1 && last.end > 0 && last.isSingle(text) {
			s.adjacent++
		}
		return
	}
	token := text[w.start:w.end]
	s.hexGroup(token, w)
	if w.mayBeBase64(text, last) {
		s.tokens++
	}
	if w.all()&digit == 0 || w.all()&(letter|high) == 0 {
		return
	}
	if w.all()&high != 0 || !isNumber(token) {
		s.mixed = true
		s.coded = s.coded || len(token) >= leastCoded || w.besideBracket(text)
	}
	if w.all()&letter != 0 && !s.leet {
		s.leet = isLeet(text, w.start, w.end)
	}
}

// endsNumber reports whether the digit before a byte begins a number of the
// registry that is turned, such as 8-44-701 or 8 - 44 - 701.
func endsNumber(text string, end int) bool {
	middle := joinEnd(text, end)
	if middle == end || middle+2 >= len(text) || classOf[text[middle]]&classOf[text[middle+1]]&digit == 0 {
		return false
	}
	last := joinEnd(text, middle+2)
	return last > middle+2 && last < len(text) && classOf[text[last]]&digit != 0
}

// joinEnd returns where the signs end that join the parts of a number.
func joinEnd(text string, i int) int {
	const longest = 3
	for end := min(len(text), i+longest); i < end && (isBlank(text[i]) || text[i] == '-'); {
		i++
	}
	return i
}

// mayBeDoubled looks at a word that begins with one letter twice.
func (s *survey) mayBeDoubled(text string, w *word) {
	if times, _, _ := repeats(text[w.start:w.end]); times > 1 {
		s.paired = true
		s.doubled = surelyDoubled(text, w.start, w.end)
	}
}

// hexGroup counts groups of hex digits in a row, such as 73 61 72.
func (s *survey) hexGroup(token string, w *word) {
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
		s.coded = s.coded || classOf[next(1)]&(letter|bracket) != 0
	default:
		s.mixed = s.mixed || classOf[next(1)]&letter != 0
		s.leet = s.leet || isLeetSign(text, i)
	}
}
