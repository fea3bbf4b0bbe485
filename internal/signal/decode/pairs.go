package decode

import (
	_ "embed"
	"math"
)

// language is prose in some twenty languages, without accents, and names of
// chemicals and plants.
//
//go:embed language.txt
var language string

// The numbers of letters in a table of pairs: 0 stands for all that is between
// words, 1 to 26 for a to z, and other for letters that the table does not
// know.
const (
	other  = 27
	states = 32 // a power of two, so that an index needs no check
)

// pairTable holds for each pair of letters how much it speaks for something,
// in sixteenths of a bit.
type pairTable [states * states]int16

const bit = 16

// noise is what a pair would score in a text without any order.
const noise = -4.75 * bit

var (
	letterOf = letters()
	// plain is the logarithm of how likely a letter is to follow another in a
	// language, against noise.
	plain = learn(language)
	// pairEvidence is by how much a pair is likelier in a text that is turned back
	// than in a text as it stands, and than in noise.
	pairEvidence = against(plain)
)

// letters returns the number of the letter that a byte stands for.
func letters() (numbers [256]uint8) {
	for c := range numbers {
		switch {
		case 'a' <= c && c <= 'z':
			numbers[c] = uint8(c - 'a' + 1)
		case 'A' <= c && c <= 'Z':
			numbers[c] = uint8(c - 'A' + 1)
		case c >= 0x80:
			numbers[c] = other
		}
	}
	return numbers
}

// learn counts the pairs of a text. Those that do not occur get what half an
// occurrence would.
func learn(text string) *pairTable {
	var pairs [states * states]float64
	var firsts [states]float64
	before := uint8(0)
	for i := range len(text) {
		letter := letterOf[text[i]]
		if letter != 0 || before != 0 {
			pairs[int(before)*states+int(letter)]++
			firsts[before]++
		}
		before = letter
	}
	table := new(pairTable)
	for a := range other {
		for b := range other {
			likely := (pairs[a*states+b] + 0.5) / (firsts[a] + 0.5*other)
			table[a*states+b] = int16(math.Round(bit*math.Log2(likely) - noise))
		}
	}
	table[0] = 0
	return table
}

// against compares pairs that are turned with pairs as they stand. Each sum of
// the result holds two: see [unpack].
func against(plain *pairTable) *[states * states]int64 {
	table := new([states * states]int64)
	for a := range other {
		for b := range other {
			now := max(plain[a*states+b], 0)
			reversed := plain[b*states+a] - now
			rot13 := plain[rot13Letter(a)*states+rot13Letter(b)] - now
			table[a*states+b] = int64(reversed)<<32 + int64(rot13)
		}
	}
	return table
}

// unpack returns what a sum of [pairEvidence] says for rot13 and for a text
// that is reversed.
func unpack(sum int64) (rot13, reversed int) {
	rot13 = int(int32(sum))
	return rot13, int((sum - int64(rot13)) >> 32)
}

func rot13Letter(letter int) int {
	if letter == 0 {
		return 0
	}
	return (letter-1+13)%26 + 1
}
