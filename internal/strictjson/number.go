package strictjson

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

const (
	// maxNumberChars is how long the literal of a number may be: every float64
	// and every integer of 128 bits fits, and exact arithmetic stays cheap.
	maxNumberChars = 64
	// maxExponent bounds what stands behind the e. The smallest float64 that is
	// not zero is 5e-324; the rest is room for leading digits.
	maxExponent = 400
)

// ErrNumber is a number that no service can be expected to represent. Rules
// and schemas calculate exactly, so "1e999999999" would cost them gigabytes;
// RFC 7493 (I-JSON) advises against such numbers for the same reason.
var ErrNumber = errors.New("a number is too large, too small or too long (a 64-bit float must be able to hold it, in at most 64 characters)")

// CheckNumber returns [ErrNumber] for a number that a 64-bit float holds only
// as infinity, or as zero though it is not zero, or whose literal is very long.
// It calculates nothing: the literal of a valid number is JSON's.
func CheckNumber(n json.Number) error {
	if len(n) > maxNumberChars {
		return ErrNumber
	}
	digits, exponent, _ := strings.Cut(strings.ToLower(string(n)), "e")
	if exponent != "" {
		e, err := strconv.Atoi(exponent)
		if err != nil || e < -maxExponent || e > maxExponent {
			return ErrNumber
		}
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return ErrNumber
	}
	if f == 0 && strings.ContainsAny(digits, "123456789") {
		return ErrNumber
	}
	return nil
}
