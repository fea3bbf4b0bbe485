package nn

import (
	"math"
	"testing"
)

func TestFloat16OfEveryBitPattern(t *testing.T) {
	for bits := range 1 << 16 {
		half := uint16(bits)
		got := Float16ToFloat32(half)
		want := referenceFloat16(half)
		switch {
		case math.IsNaN(want):
			if !math.IsNaN(float64(got)) {
				t.Errorf("%#04x is %g, want NaN", half, got)
			}
		case float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want):
			t.Errorf("%#04x is %g, want %g", half, got, want)
		}
	}
}

// referenceFloat16 is the value that IEEE 754 defines.
func referenceFloat16(half uint16) float64 {
	sign := 1 - 2*float64(half>>15)
	exponent := int(half >> 10 & 0x1f)
	fraction := float64(half&0x3ff) / 1024
	switch {
	case exponent == 0:
		return math.Copysign(math.Ldexp(fraction, -14), sign)
	case exponent < 31:
		return sign * math.Ldexp(1+fraction, exponent-15)
	case fraction == 0:
		return math.Inf(int(sign))
	}
	return math.NaN()
}

func TestDecodeFloat16IsLittleEndian(t *testing.T) {
	got := make([]float32, 3)
	DecodeFloat16(got, []byte{0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b})
	checkSame(t, got, []float32{1, -2, 65504})
}
