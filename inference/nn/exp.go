package nn

import "math"

// The exponential of x ≤ 0: exp(x) = 2ⁿ·exp(r) with n = round(x/ln 2), where
// exp(r) for |r| ≤ ln(2)/2 is a polynomial of degree 7. The two parts of ln 2
// and the coefficients are those of expf in Cephes 2.2 (S. L. Moshier,
// https://www.netlib.org/cephes/, 1992), with a relative error below 2.5e-7.
// Below expMin it stays at exp(expMin), so that no share of a sum is denormal.
const (
	expMin    = -80
	log2E     = 1.44269504088896341
	ln2High   = 0.693359375
	ln2Low    = -2.12194440e-4
	expC7     = 1.9875691500e-4
	expC6     = 1.3981999507e-3
	expC5     = 8.3334519073e-3
	expC4     = 4.1665795894e-2
	expC3     = 1.6666665459e-1
	expC2     = 5.0000001201e-1
	roundBias = 3 << 22 // adding it to a float32 rounds to an integer
)

// exp32 is the scalar form of the exponential that the assembly computes.
func exp32(x float32) float32 {
	x = max(x, expMin)
	n := float32(x*log2E+roundBias) - roundBias
	x -= n * ln2High
	x -= n * ln2Low
	p := float32(expC7)
	p = p*x + expC6
	p = p*x + expC5
	p = p*x + expC4
	p = p*x + expC3
	p = p*x + expC2
	p = p*x*x + x + 1
	return math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
}
