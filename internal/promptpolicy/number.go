package promptpolicy

import (
	"encoding/json"
	"errors"
	"math"
)

// maxNumberDigits is how long the literal of a number may be: every float64 and every
// integer of 128 bits fits, and arithmetic of any precision stays cheap.
const maxNumberDigits = 64

// ErrNumber is a number that no service can be expected to represent. Rules
// and schemas calculate exactly, so "1e999999999" would cost them gigabytes;
// RFC 7493 (I-JSON) advises against such numbers for the same reason.
var ErrNumber = errors.New("a number is too large or has too many digits (a 64-bit float must be able to hold it, in at most 64 characters)")

func checkNumber(n json.Number) error {
	if len(n) > maxNumberDigits {
		return ErrNumber
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return ErrNumber
	}
	return nil
}

// CheckNumbers returns [ErrNumber] if parsed JSON contains such a number.
func CheckNumbers(value any) error {
	switch value := value.(type) {
	case json.Number:
		return checkNumber(value)
	case []any:
		for _, element := range value {
			if err := CheckNumbers(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range value {
			if err := CheckNumbers(member); err != nil {
				return err
			}
		}
	}
	return nil
}
