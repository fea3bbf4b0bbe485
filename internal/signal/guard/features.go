package guard

import (
	"math/bits"
	"unicode/utf8"
)

// The numbers of buckets, as powers of two: few enough that the tables stay in
// a processor's second cache.
const (
	charBits = 17
	wordBits = 16
	// Buckets is how many a feature may fall into: those of characters, then
	// those of words.
	Buckets = 1<<charBits + 1<<wordBits
)

const (
	// stretch is how many bytes a stretch has at least, but for the last. It
	// ends with the word.
	stretch = 32
	// unbroken is how many bytes it has at most, if the word does not end.
	unbroken = 3 * stretch
)

// sizes are those of the windows, in stretches: a short one, which little
// perfume is enough to dilute, and a long one, which sees more of a sentence.
var sizes = [...]int{2, largest}

const largest = 6

// multiplier spreads hashes: 2^64 divided by the golden ratio.
const multiplier = 0x9e3779b97f4a7c15

// Stretch is a part of a text with its features.
type Stretch struct {
	// Start and End are the bytes of the text that it covers.
	Start, End int
	// Features are the buckets of its features, repeated as they repeat.
	Features []int
}

// Stretches cuts a normalised text. It defines what [Model.Score] computes
// without a list of features:
//
//   - Words end at spaces. A word's features are the sequences of three and of
//     four characters of it with a space before and behind.
//   - Its letters and digits, between other characters, are tokens. So is each
//     character of the scripts that write words without spaces, or syllables
//     as one character. The features of a token are itself, and itself with
//     the token before it in the text.
//   - A feature belongs to the stretch of its last character.
//   - A stretch ends at the first space after its first 32 bytes, which belongs
//     to none, or before the first character that is a token by itself, or
//     after 96 bytes.
func Stretches(text string) []Stretch {
	var (
		all     []Stretch
		current Stretch
		word    = []rune{' '} // up to here
		token   []rune
		before  uint64 // the hash of the token before
	)
	finish := func() {
		if len(token) > 0 {
			hash := hashToken(token)
			current.Features = append(current.Features, tokenBucket(hash), tokenBucket(pair(before, hash)))
			before, token = hash, nil
		}
	}
	add := func(r rune) {
		word = append(word, r)
		for n := 3; n <= 4 && n <= len(word); n++ {
			current.Features = append(current.Features, charBucket(word[len(word)-n:]))
		}
	}
	cut := func(end, next int) {
		current.End = end
		all = append(all, current)
		current = Stretch{Start: next}
	}
	for at, r := range text {
		length := at - current.Start
		if r != ' ' && length >= unbroken || isWhole(r) && length >= stretch {
			cut(at, at)
		}
		if !isLetter(r) || isWhole(r) {
			finish()
		}
		if len(word) > 1 || r != ' ' {
			add(r)
		}
		if isLetter(r) {
			token = append(token, r)
		}
		if isWhole(r) {
			finish()
		}
		if r == ' ' {
			word = []rune{' '}
			if length >= stretch {
				cut(at, at+1)
			}
		}
	}
	finish()
	if len(word) > 1 {
		add(' ')
	}
	if current.Start < len(text) {
		cut(len(text), len(text))
	}
	return all
}

// Windows returns the windows of a text of so many stretches: the first stretch
// of each, and the one after its last. A window has two or six of them that
// follow each other, or all if there are fewer.
func Windows(stretches int) (all [][2]int) {
	for _, size := range sizes {
		size = min(size, stretches)
		for end := size; end <= stretches && size > 0; end++ {
			all = append(all, [2]int{end - size, end})
		}
	}
	return all
}

// lane is a character in sixteen bits.
func lane(r rune) uint64 { return uint64(uint16(r) ^ uint16(r>>16)) }

// charBucket returns the bucket of at most four characters.
func charBucket(gram []rune) int {
	var packed uint64
	for _, r := range gram {
		packed = packed<<16 | lane(r)
	}
	return int(spread(packed) >> (64 - charBits))
}

// spread is the hash of packed characters.
func spread(packed uint64) uint64 {
	return (packed ^ packed>>31) * multiplier
}

// Tokens are hashed character by character.
const tokenStart, tokenPrime = 0xcbf29ce484222325, 0x100000001b3

func hashToken(token []rune) uint64 {
	hash := uint64(tokenStart)
	for _, r := range token {
		hash = (hash ^ uint64(r)) * tokenPrime
	}
	return hash
}

// pair is the hash of a token after another.
func pair(before, hash uint64) uint64 { return bits.RotateLeft64(before, 23) ^ hash + 1 }

// tokenBucket returns the bucket of a token or a pair.
func tokenBucket(hash uint64) int {
	return 1<<charBits + int((hash^hash>>29)*multiplier>>(64-wordBits))
}

// isLetter reports whether a character is part of a token: letters and digits,
// and all above ASCII that is not punctuation of some script.
func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return letters[r]
	}
	punctuation := r >= 0x2000 && r < 0x2070 || r >= 0x3000 && r < 0x3040 || r == '،' || r == '؟' || r == '।' || r == utf8.RuneError
	return !punctuation
}

// isWhole reports whether a character is a token by itself: those of Chinese,
// Japanese and Korean, and emoji.
func isWhole(r rune) bool { return r >= 0x2e80 && isLetter(r) }

var letters = func() (table [utf8.RuneSelf]bool) {
	for _, r := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" {
		table[r] = true
	}
	return table
}()

// isASCIILetter is letters for any byte.
var isASCIILetter = func() (table [256]bool) {
	copy(table[:], letters[:])
	return table
}()

// LengthOf returns which bias a window with so many features has.
func LengthOf(features int) int {
	return min(max(bits.Len(uint(features))-3, 0), Lengths-1)
}
