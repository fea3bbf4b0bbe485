package nn

import (
	"encoding/binary"
	"math"
)

// Float16ToFloat32 converts an IEEE 754 binary16 value, which float32 holds
// exactly. Infinities, signed zeros and the payloads of NaNs are kept.
func Float16ToFloat32(half uint16) float32 {
	sign := uint32(half>>15) << 31
	exponent := uint32(half>>10) & 0x1f
	fraction := uint32(half) & 0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction · 2⁻²⁴
		magnitude := float32(fraction) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(magnitude))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// DecodeFloat16 fills dst with the little-endian binary16 values of src, which
// must hold at least twice as many bytes as dst has values.
func DecodeFloat16(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = Float16ToFloat32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}
