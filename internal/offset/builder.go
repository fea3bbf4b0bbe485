package offset

// Builder makes a [Map] while a result is written from left to right. Its zero
// value is ready. A nil Builder does nothing: that is for results whose map
// nobody asks for.
type Builder struct {
	pieces  []piece
	crossed bool
	last    piece // the run that may go on
	out, in int32
}

// Copy says that the next n bytes of the result are the next n bytes of the
// original.
func (b *Builder) Copy(n int) {
	if b != nil && n > 0 {
		b.add(1, 1, int32(n))
	}
}

// Replace says that the next bytes of the result have come, as one unit, from
// the next bytes of the original.
func (b *Builder) Replace(out, in int) {
	switch {
	case b == nil:
	case out == 0:
		b.Skip(in)
	case out == 1 && in == 1:
		b.add(1, 1, 1)
	default:
		b.add(int32(out), int32(in), 1)
	}
}

// Skip says that the next n bytes of the original are nowhere in the result.
func (b *Builder) Skip(n int) {
	if b != nil {
		b.in += int32(n)
	}
}

// Extend says that the next n bytes of the original belong to the last unit of
// the result.
func (b *Builder) Extend(n int) {
	if b == nil {
		return
	}
	unit := b.last
	if unit.outUnit == 0 || unit.inUnit < 0 {
		b.Skip(n)
		return
	}
	start := b.out - unit.outUnit
	if start > unit.out {
		b.pieces = append(b.pieces, unit)
	}
	from := unit.in + (start-unit.out)/unit.outUnit*unit.inUnit
	b.in += int32(n)
	b.last = piece{start, from, unit.outUnit, b.in - from}
}

// Reverse says that the next n bytes of the result are the next n bytes of the
// original, the last one first.
func (b *Builder) Reverse(n int) {
	if b == nil || n == 0 {
		return
	}
	b.flush()
	b.crossed = true
	b.pieces = append(b.pieces, piece{b.out, b.in + int32(n), 1, -1})
	b.out, b.in = b.out+int32(n), b.in+int32(n)
}

// Map returns what was built. The builder must not be used any more.
func (b *Builder) Map() Map {
	if b == nil || len(b.pieces) == 0 && (b.last == piece{} || b.last == piece{0, 0, 1, 1}) {
		return Map{}
	}
	b.flush()
	return Map{pieces: b.pieces, crossed: b.crossed}
}

// add appends units of one shape, to the last run if they continue it.
func (b *Builder) add(out, in, units int32) {
	last := b.last
	continues := last.outUnit == out && last.inUnit == in && last.in+(b.out-last.out)/out*in == b.in
	if !continues {
		b.flush()
		b.last = piece{b.out, b.in, out, in}
	}
	b.out, b.in = b.out+units*out, b.in+units*in
}

func (b *Builder) flush() {
	if b.last.outUnit != 0 {
		b.pieces = append(b.pieces, b.last)
		b.last = piece{}
	}
}
