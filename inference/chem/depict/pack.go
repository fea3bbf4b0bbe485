package depict

import "math"

// packGap is the space between the atoms of two parts of a drawing, enough for
// their labels.
const packGap = 2.6

// pack puts the parts of a drawing side by side in their order, with the middle
// at the origin. It makes several rows if one would be far wider than high.
func pack(pos []complex128, parts [][]int) {
	var area float64
	for _, part := range parts {
		low, high := bounds(pos, part)
		area += (real(high-low) + packGap) * (imag(high-low) + packGap)
	}
	rowWidth := max(16, 2*math.Sqrt(area))
	var rows [][][]int
	var width float64
	for i, part := range parts {
		low, high := bounds(pos, part)
		partWidth := real(high-low) + packGap
		if i == 0 || width+partWidth > rowWidth {
			rows = append(rows, nil)
			width = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], part)
		width += partWidth
	}
	var top float64
	for _, row := range rows {
		top -= packRow(pos, row, top) + packGap
	}
	shiftToMiddle(pos)
}

// packRow puts parts side by side below a height and returns the row's own.
func packRow(pos []complex128, row [][]int, top float64) float64 {
	var height, x float64
	for _, part := range row {
		low, high := bounds(pos, part)
		height = max(height, imag(high-low))
	}
	for _, part := range row {
		low, high := bounds(pos, part)
		shift := complex(x-real(low), top-height/2-(imag(low)+imag(high))/2)
		for _, a := range part {
			pos[a] += shift
		}
		x += real(high-low) + packGap
	}
	return height
}

func shiftToMiddle(pos []complex128) {
	all := make([]int, len(pos))
	for i := range all {
		all[i] = i
	}
	low, high := bounds(pos, all)
	for i := range pos {
		pos[i] -= scale(low+high, 0.5)
	}
}

// bounds returns the corners of the box around atoms.
func bounds(pos []complex128, atoms []int) (low, high complex128) {
	low, high = pos[atoms[0]], pos[atoms[0]]
	for _, a := range atoms {
		low = complex(min(real(low), real(pos[a])), min(imag(low), imag(pos[a])))
		high = complex(max(real(high), real(pos[a])), max(imag(high), imag(pos[a])))
	}
	return low, high
}
