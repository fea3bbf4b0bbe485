package decode

import (
	_ "embed"
	"math"
	"unicode"
	"unicode/utf8"
)

// scripts is prose in languages that are written beyond ASCII.
//
//go:embed scripts.txt
var scripts string

// directions says of two characters beside each other, in a word with letters
// beyond ASCII, by how much likelier they stand in the other order, in
// sixteenths of a bit.
var directions = learnDirections(scripts)

// directionTable holds pairs at the place that their hash gives, or behind it.
type directionTable [1 << directionBits]direction

const directionBits = 15 // at least twice as many places as there are pairs

// direction is what is known of a pair. An empty place has the pair of zero,
// which says nothing.
type direction struct {
	pair     uint32
	evidence int8
}

// pairOf returns the number of two characters. Those beyond the first 65,536
// share the numbers of others: they are rare.
func pairOf(a, b rune) uint32 { return uint32(a)<<16 | uint32(b)&0xffff }

func learnDirections(text string) *directionTable {
	table, counts := new(directionTable), new([1 << directionBits]float64)
	before := rune(0)
	for _, r := range text {
		if isJoiner(r) {
			continue
		}
		r = letterAt(r)
		if before != r {
			counts[table.place(pairOf(before, r))]++
			table.place(pairOf(r, before))
		}
		before = r
	}
	for i, is := range table {
		if is.pair != 0 {
			turned := table.place(is.pair<<16 | is.pair>>16)
			ratio := math.Log2((counts[turned] + 1) / (counts[i] + 1))
			table[i].evidence = int8(min(max(math.Round(ratio*bit), -2*bit), 2*bit))
		}
	}
	return table
}

// place returns where a pair is, and puts it there if it is not.
func (t *directionTable) place(pair uint32) uint32 {
	i := hashPair(pair)
	for t[i].pair != pair && t[i].pair != 0 {
		i = (i + 1) % uint32(len(t))
	}
	t[i].pair = pair
	return i
}

// lookUp returns how much a pair speaks for a text that is reversed.
func (t *directionTable) lookUp(pair uint32) int {
	i := hashPair(pair)
	for t[i].pair != pair && t[i].pair != 0 {
		i = (i + 1) % uint32(len(t))
	}
	return int(t[i].evidence)
}

func hashPair(pair uint32) uint32 { return pair * 2654435761 >> (32 - directionBits) }

// letterAt returns the small form of a letter, as far as a table needs it, and
// 0 for what stands between words. Neighbours in a block of Latin letters are
// taken for the two cases of one.
func letterAt(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if l := rune(letterOf[r]); l != 0 {
			return l + 'a' - 1
		}
		return 0
	case r < 0xc0:
		return 0
	case r < 0xdf:
		return r + 0x20
	case r < 0x100:
		return r
	case r < 0x250, 0x1e00 <= r && r < 0x1f00:
		return r | 1
	case 0x391 <= r && r < 0x3ac, 0x410 <= r && r < 0x430:
		return r + 0x20
	case 0x400 <= r && r < 0x410:
		return r + 0x50
	case 0x2000 <= r && r < 0x2070, 0x3000 <= r && r < 0x3040, 0xff00 <= r && r < 0xff20, r == '،', r == '؛', r == '؟', r == '।', r == utf8.RuneError:
		return 0
	}
	return r
}

// isJoiner reports whether a character joins two letters, or keeps them apart,
// in the middle of a word.
func isJoiner(r rune) bool { return r == 0x200c || r == 0x200d }

// foreignStep is how many characters of a word, which may be a whole sentence,
// say as much as a word of another language does.
const foreignStep = 6

// foreign returns how much a word with letters beyond ASCII speaks for being
// reversed: by its pairs, and by a mark before the letter that it belongs to.
func (w *word) foreign(text string) int {
	sum, runes, beyond, before := 0, 0, false, rune(0)
	for i := w.start; i < w.end; {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if isJoiner(r) {
			i += size
			continue
		}
		r = letterAt(r)
		if r >= utf8.RuneSelf {
			beyond = true
		}
		if before == 0 && 0x530 <= r && r < 0x1100 && unicode.Is(unicode.M, r) {
			sum += 2 * bit
		}
		sum += directions.lookUp(pairOf(before, r))
		before = r
		i += size
		runes++
	}
	sum += directions.lookUp(pairOf(before, 0))
	if !beyond { // the word stands beside some sign, such as a quotation mark
		return 0
	}
	steps := 1 + runes/foreignStep
	return min(sum, 2*bit*steps) - bit/2*steps
}
