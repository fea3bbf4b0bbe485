// Package figure finds a number in an answer as it passes, such as the tokens
// that it cost. It keeps nothing of the answer, and so needs the same little
// memory for each.
package figure

import (
	"math"
	"strconv"
)

// Parse returns the whole number of a text, which a fraction is rounded up to.
// A number beyond the largest is the largest; one below 0 is none.
func Parse(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsNaN(f) || f < 0 || err != nil && !math.IsInf(f, 1):
		return 0, false
	case f >= math.MaxInt64:
		return math.MaxInt64, true
	}
	return int64(math.Ceil(f)), true
}
