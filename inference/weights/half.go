package weights

import (
	"encoding/binary"
	"math"
)

// expand16 reads as many float16 values as dst holds. It returns the index of
// the first that is not finite, -1 if all are.
func expand16(dst []float32, src []byte) int {
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[2*i:])
		if h&0x7c00 == 0x7c00 {
			return i
		}
		dst[i] = fromHalf(h)
	}
	return -1
}

// expand32 is the same for float32.
func expand32(dst []float32, src []byte) int {
	for i := range dst {
		bits := binary.LittleEndian.Uint32(src[4*i:])
		if bits&0x7f800000 == 0x7f800000 {
			return i
		}
		dst[i] = math.Float32frombits(bits)
	}
	return -1
}

// fromHalf converts a finite IEEE 754 binary16 number. Moved to where float32
// keeps exponent and fraction, its exponent is 127-15 too small; multiplying by
// a power of two mends that exactly, for subnormal numbers as well.
func fromHalf(h uint16) float32 {
	magnitude := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	if h&0x8000 != 0 {
		return -magnitude
	}
	return magnitude
}
