//go:build amd64 && !purego

package nn

import "math"

// vectorConstants are what the assembly reads, each filling eight lanes, in the
// order of kernels_amd64.h.
//
//nolint:unused // by Go
var vectorConstants = eightfold(
	expMin, log2E, ln2High, ln2Low,
	expC7, expC6, expC5, expC4, expC3, expC2, 1,
	-math.MaxFloat32, normEpsilon,
)

//nolint:unused // but by the above
func eightfold(values ...float32) (table [13][8]float32) {
	for i, v := range values {
		for j := range table[i] {
			table[i][j] = v
		}
	}
	return table
}

// c (rows × 32) = a·b + bias, or the square of its positive part; the name says
// how many rows. Strides are in values; inner is at least 1.

//go:noescape
func multiply12AVX512(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)

//go:noescape
func multiply4AVX512(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)

//go:noescape
func multiply1AVX512(c, a, b, bias *float32, inner, bStride int, activate bool)

//go:noescape
func multiply6AVX2(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)

//go:noescape
func multiply1AVX2(c, a, b, bias *float32, inner, bStride int, activate bool)

// dst (32 × 8, rows 32 apart) = the transpose of src (8 × 32, rows stride
// apart).
//
//go:noescape
func transpose8AVX2(dst, src *float32, stride int)

// Each row = its softmax; rows and width are at least 1.

//go:noescape
func softmaxAVX512(x *float32, rows, width, stride int, scale float32)

//go:noescape
func softmaxAVX2(x *float32, rows, width, stride int, scale float32)

// y = norm(x)·(1 + scale) + shift; width is a multiple of 16, inverse is
// 1/width.

//go:noescape
func normAVX512(y, x, scale, shift *float32, rows, width int, inverse float32)

//go:noescape
func normAVX2(y, x, scale, shift *float32, rows, width int, inverse float32)

// x += y·gate; width is a multiple of 16.

//go:noescape
func addGatedAVX512(x, y, gate *float32, rows, width int)

//go:noescape
func addGatedAVX2(x, y, gate *float32, rows, width int)
