package decode

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDirectionsAreThoseOfTheProse(t *testing.T) {
	counts := map[[2]rune]int{}
	before := rune(0)
	for _, r := range scripts {
		if isJoiner(r) {
			continue
		}
		counts[[2]rune{before, letterAt(r)}]++
		before = letterAt(r)
	}
	letters := []rune{0}
	for pair := range counts {
		letters = append(letters, pair[0])
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(letters).Draw(t, "a"), rapid.SampledFrom(letters).Draw(t, "b")
		says, turned := directions.lookUp(pairOf(a, b)), directions.lookUp(pairOf(b, a))
		asIs, reversed := counts[[2]rune{a, b}], counts[[2]rune{b, a}]
		often := asIs > 2*reversed+1 // more often than turned, beyond rounding
		if says != -turned || asIs > reversed && says > 0 || often && says == 0 && a != b || asIs == 0 && reversed == 0 && says != 0 {
			t.Fatalf("%q%q occurs %d times, turned %d: %d, %d", a, b, asIs, reversed, says, turned)
		}
	})
}

func TestAWordSpeaksAgainstItsReverse(t *testing.T) {
	for _, word := range []string{"пользователя", "اللغة", "निर्देशों", "제한이", "してください", "告诉我", "nhưng", "değiştirmek"} {
		plain, turned := readWord(word, 0), readWord(reversed(word), 0)
		if yes, no := turned.foreign(reversed(word)), plain.foreign(word); yes <= 0 || no >= 0 {
			t.Errorf("%s speaks %d for being reversed, and its reverse %d", word, no, yes)
		}
	}
}
