package decode

import (
	"math"
	"strings"
)

// leastEnds is how many letters a word has whose ends are looked at.
const leastEnds = 5

// endEvidence holds for three letters, as numbers to the base of [states], by
// how much likelier they are as the end of a word, turned round, than as its
// beginning, in sixteenths of a bit: words of a language end in their own ways.
var endEvidence = learnEnds(language)

func learnEnds(text string) *[states * states * states]int8 {
	const most, least = 2 * bit, 3 // how often three letters have to occur
	var begins, ends [states * states * states]int
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return letterOf[byte(r)] == 0 }) {
		if len(w) < leastEnds {
			continue
		}
		n := len(w)
		begins[three(w[0], w[1], w[2])]++
		ends[three(w[n-1], w[n-2], w[n-3])]++
	}
	table := new([states * states * states]int8)
	for i := range table {
		if begins[i]+ends[i] < least {
			continue
		}
		ratio := math.Log2(float64(ends[i])+0.5) - math.Log2(float64(begins[i])+0.5)
		table[i] = int8(min(max(ratio*bit/2, -most), most))
	}
	return table
}

// three returns the number of three letters.
func three(a, b, c byte) int {
	return (int(letterOf[a])*states+int(letterOf[b]))*states + int(letterOf[c])
}
