//go:build amd64 && !purego

package nn

import "golang.org/x/sys/cpu"

// best asks the processor, and whether the operating system keeps the
// registers.
func best() isa {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx2
	}
	return scalar
}

// lanes is the width that the assembly's kernels over vectors have in common.
// Widths that are no multiple of it take the Go path.
const lanes = 16

// The functions below call kernels by name rather than through function values,
// so that buffers on a caller's stack stay there.

// tileRows returns the height of the largest tile within the remaining rows.
func tileRows(remaining int) int {
	switch {
	case active == avx512 && remaining >= 12:
		return 12
	case active == avx2 && remaining >= 6:
		return 6
	case active == avx512 && remaining >= 4:
		return 4
	case active == scalar && remaining >= scalarTileRows:
		return scalarTileRows
	}
	return 1
}

// multiplyTile computes a tile of a height that tileRows gives.
func multiplyTile(p *product) {
	c, a, b, bias := &p.c[0], &p.a[0], &p.b[0], &p.bias[0]
	switch {
	case active == scalar:
		multiplyScalar(p)
	case active == avx2 && p.rows == 1:
		multiply1AVX2(c, a, b, bias, p.inner, p.bStride, p.activate)
	case active == avx2:
		multiply6AVX2(c, a, b, bias, p.inner, p.aStride, p.bStride, p.cStride, p.activate)
	case p.rows == 1:
		multiply1AVX512(c, a, b, bias, p.inner, p.bStride, p.activate)
	case p.rows == 4:
		multiply4AVX512(c, a, b, bias, p.inner, p.aStride, p.bStride, p.cStride, p.activate)
	default:
		multiply12AVX512(c, a, b, bias, p.inner, p.aStride, p.bStride, p.cStride, p.activate)
	}
}

// transposeKeyBlock transposes transposeBlock keys of HeadWidth components.
func transposeKeyBlock(dst, keys []float32, stride int) {
	if active == scalar {
		transposeScalar(dst, keys, transposeBlock, stride)
		return
	}
	_ = keys[(transposeBlock-1)*stride+HeadWidth-1]
	_ = dst[(HeadWidth-1)*panelWidth+transposeBlock-1]
	transpose8AVX2(&dst[0], &keys[0], stride)
}

// softmaxRows replaces the first width values x of each stride by exp(scale·x),
// divided by their sum.
func softmaxRows(x []float32, rows, width, stride int, scale float32) {
	_ = x[(rows-1)*stride+width-1]
	switch active {
	case avx512:
		softmaxAVX512(&x[0], rows, width, stride, scale)
	case avx2:
		softmaxAVX2(&x[0], rows, width, stride, scale)
	default:
		softmaxScalar(x, rows, width, stride, scale)
	}
}

// normRows normalises rows as wide as scale and shift.
func normRows(y, x, scale, shift []float32) {
	width := len(scale)
	rows := len(x) / width
	switch {
	case active == scalar || width%lanes != 0:
		normScalar(y, x, scale, shift)
	case active == avx512:
		normAVX512(&y[0], &x[0], &scale[0], &shift[0], rows, width, 1/float32(width))
	default:
		normAVX2(&y[0], &x[0], &scale[0], &shift[0], rows, width, 1/float32(width))
	}
}

// addGatedRows works on rows as wide as gate.
func addGatedRows(x, y, gate []float32) {
	width := len(gate)
	rows := len(x) / width
	switch {
	case active == scalar || width%lanes != 0:
		addGatedScalar(x, y, gate)
	case active == avx512:
		addGatedAVX512(&x[0], &y[0], &gate[0], rows, width)
	default:
		addGatedAVX2(&x[0], &y[0], &gate[0], rows, width)
	}
}
