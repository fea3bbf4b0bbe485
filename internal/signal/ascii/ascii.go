// Package ascii finds where runs of ASCII letters end, many bytes at once.
package ascii

import "math/bits"

// SmallEnd returns where the run of a to z ends that begins at a byte of a
// text: that byte if it is none of them. A word of up to seven letters takes
// no branch that depends on its length, which a processor would guess wrongly.
func SmallEnd(text string, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(text) {
		t := text[i : i+8]
		eight := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		low := eight &^ highs
		from, past := low+(128-'a')*ones, low+(128-'z'-1)*ones // in the high bits
		if others := ^(from &^ past &^ eight) & highs; others != 0 {
			return i + bits.TrailingZeros64(others)/8
		}
		i += 8
	}
	for i < len(text) && 'a' <= text[i] && text[i] <= 'z' {
		i++
	}
	return i
}
