package guard

import (
	"math"
	"unicode/utf8"
)

// sums are the weights of a stretch, not yet scaled.
type sums struct {
	start, end int
	features   int
	total      [Classes]int
}

// scanner adds the weights of a stretch as it reads.
type scanner struct {
	model *Model
	now   sums
	// lanes holds the sums of the last features, sixteen bits a class, which
	// hold more than 240 of them.
	lanes uint64
	since int // features in lanes

	packed uint64 // the word's last four characters
	have   int    // how many of them there are; 3 are enough

	token, before uint64
	inToken       bool
}

// full is how many features the lanes take before they are emptied, with room
// for those of one more character.
const full = 240

// Score scores a text in the form that textnorm.Normalise gives. It takes time
// in proportion to its length, and does not allocate. An empty text is a scent,
// with a probability of 1: it asks for nothing else.
func (m *Model) Score(text string) Scores {
	w := worst{model: m}
	s := scanner{model: m, packed: ' ', have: 1, token: tokenStart}
	for at := 0; at < len(text); {
		at = s.letters(text, at)
		if at == len(text) {
			break
		}
		c := text[at]
		length := at - s.now.start
		if c == ' ' {
			s.space()
			if length >= stretch {
				w.add(s.cut(at, at+1))
			}
			at++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[at:])
		}
		whole := isWhole(r)
		if length >= unbroken || whole && length >= stretch {
			w.add(s.cut(at, at))
		}
		if whole {
			s.whole(r)
		} else {
			s.character(r, isLetter(r))
		}
		at += size
	}
	s.space()
	if s.now.start < len(text) {
		w.add(s.cut(len(text), len(text)))
	}
	return w.scores()
}

// letters reads letters and digits of ASCII, and returns where they end, or
// where the stretch or the lanes are full. It does with each what character
// does, but in registers: most of most texts are such letters.
func (s *scanner) letters(text string, at int) int {
	if s.since > full/2 {
		s.empty()
	}
	text = text[:min(len(text), s.now.start+unbroken, at+(full-s.since)/2)]
	if at >= len(text) || !isASCIILetter[text[at]] {
		return at
	}
	const shift = 64 - charBits
	chars := &s.model.chars
	packed, lanes, token := s.packed, s.lanes, s.token
	if s.have == 1 {
		c := uint64(text[at])
		packed, token = packed<<16|c, (token^c)*tokenPrime
		s.have = 2
		at++
	}
	if s.have == 2 && at < len(text) && isASCIILetter[text[at]] {
		c := uint64(text[at])
		packed, token = packed<<16|c, (token^c)*tokenPrime
		lanes += apart(chars[spread(packed)>>shift])
		s.since++
		s.have = 3
		at++
	}
	began := at
	for ; at < len(text) && isASCIILetter[text[at]]; at++ {
		c := uint64(text[at])
		packed, token = packed<<16|c, (token^c)*tokenPrime
		lanes += apart(chars[spread(packed&(1<<48-1))>>shift]) + apart(chars[spread(packed)>>shift])
	}
	s.since += 2 * (at - began)
	s.packed, s.lanes, s.token, s.inToken = packed, lanes, token, true
	return at
}

// character reads one that is not a space.
func (s *scanner) character(r rune, letter bool) {
	s.gram(lane(r))
	if letter {
		s.token = (s.token ^ uint64(r)) * tokenPrime
		s.inToken = true
	} else if s.inToken {
		s.finish()
	}
	if s.since >= full {
		s.empty()
	}
}

// whole reads a character that is a token.
func (s *scanner) whole(r rune) {
	if s.inToken {
		s.finish()
	}
	s.character(r, true)
	s.finish()
}

// space ends a word.
func (s *scanner) space() {
	if s.inToken {
		s.finish()
	}
	if s.have > 1 {
		s.gram(' ')
	}
	s.packed, s.have = ' ', 1
	if s.since >= full {
		s.empty()
	}
}

// gram adds the features that end with a character.
func (s *scanner) gram(lane uint64) {
	const shift = 64 - charBits
	chars := &s.model.chars
	packed := s.packed<<16 | lane
	s.packed = packed
	switch s.have {
	case 1:
		s.have = 2
	case 2:
		s.have = 3
		s.lanes += apart(chars[spread(packed&(1<<48-1))>>shift])
		s.since++
	default:
		s.lanes += apart(chars[spread(packed&(1<<48-1))>>shift]) + apart(chars[spread(packed)>>shift])
		s.since += 2
	}
}

// finish ends a token.
func (s *scanner) finish() {
	words := &s.model.words
	s.lanes += apart(words[tokenBucket(s.token)-1<<charBits])
	s.lanes += apart(words[tokenBucket(pair(s.before, s.token))-1<<charBits])
	s.since += 2
	s.before, s.token, s.inToken = s.token, tokenStart, false
}

// apart gives each of a bucket's bytes 3210 sixteen bits, as 3-1-2-0, so that
// one addition adds all four.
func apart(weights uint32) uint64 {
	wide := uint64(weights)
	return (wide | wide<<24) & 0x00ff00ff00ff00ff
}

// empty adds the lanes to the sums.
func (s *scanner) empty() {
	zero := 128 * s.since
	for class, lane := range [Classes]int{0, 2, 1, 3} {
		s.now.total[class] += int(s.lanes>>(16*lane)&0xffff) - zero
	}
	s.now.features += s.since
	s.lanes, s.since = 0, 0
}

// cut ends the stretch, and begins one.
func (s *scanner) cut(end, next int) sums {
	s.empty()
	done := s.now
	done.end = end
	s.now = sums{start: next}
	return done
}

// worst keeps the worst window of each class.
type worst struct {
	model *Model
	// sum is of all stretches, and before[i%largest] what it was before
	// stretch i. Its start is that of the stretch.
	sum    sums
	before [largest]sums
	count  int // stretches
	logit  [Classes]float64
	span   [Classes][2]int
}

// add takes the next stretch, and judges the windows that end with it.
func (w *worst) add(next sums) {
	before := &w.before[w.count%largest]
	*before = w.sum
	before.start = next.start
	w.sum.features += next.features
	for class, total := range next.total {
		w.sum.total[class] += total
	}
	w.sum.end = next.end
	w.count++
	for _, size := range sizes {
		if w.count >= size {
			w.judge(size)
		}
	}
}

// judge judges the window of the last stretches: the sum of its weights over
// the square root of their number, and a bias for its length.
func (w *worst) judge(stretches int) {
	m, before := w.model, &w.before[(w.count-stretches)%largest]
	features := w.sum.features - before.features
	over := 1 / math.Sqrt(float64(max(features, 1)))
	bias := &m.bias[LengthOf(features)]
	for class := range w.logit {
		total := w.sum.total[class] - before.total[class]
		sum := float64(total)*m.scale[class]*over + bias[class]
		logit := sum*m.slope[class] + m.shift[class]
		worse := logit > w.logit[class]
		if Class(class) == Scent {
			worse = logit < w.logit[class]
		}
		if worse || w.span[class][1] == 0 {
			w.logit[class] = logit
			w.span[class] = [2]int{before.start, w.sum.end}
		}
	}
}

func (w *worst) scores() (scores Scores) {
	if w.count == 0 {
		scores[Scent].Probability = 1
		return scores
	}
	for _, size := range sizes {
		if w.count < size {
			w.judge(w.count)
		}
	}
	for class, logit := range w.logit {
		scores[class] = Score{1 / (1 + math.Exp(-logit)), w.span[class][0], w.span[class][1]}
	}
	return scores
}
