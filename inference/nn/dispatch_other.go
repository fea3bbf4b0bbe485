//go:build !amd64 || purego

package nn

func best() isa { return scalar }

func tileRows(remaining int) int {
	if remaining >= scalarTileRows {
		return scalarTileRows
	}
	return 1
}

func multiplyTile(p *product) { multiplyScalar(p) }

func transposeKeyBlock(dst, keys []float32, stride int) {
	transposeScalar(dst, keys, transposeBlock, stride)
}

func softmaxRows(x []float32, rows, width, stride int, scale float32) {
	softmaxScalar(x, rows, width, stride, scale)
}

func normRows(y, x, scale, shift []float32) { normScalar(y, x, scale, shift) }

func addGatedRows(x, y, gate []float32) { addGatedScalar(x, y, gate) }
