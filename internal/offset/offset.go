// Package offset leads from a text that was made of another one back to it: a
// [Map] turns a range of bytes of the result into the range of the original
// that gave it. Whatever is found in a normalised or decoded text can so be
// shown, logged or cut out where the client wrote it.
package offset

import "sort"

// Map leads from the bytes of a result to those of its original. The zero Map
// is that of a result in which every byte is where it was.
type Map struct {
	pieces  []piece
	crossed bool // whether some piece runs backwards
	first   *Map // of what was made of the original before
}

// piece is a run of units of one shape: each unit of the result has come from
// one unit of the original. In a run that was copied both have one byte, and
// where "%73%61" was decoded they have one and three. A unit of the original
// has a negative length where the run was reversed.
type piece struct {
	out, in         int32 // where the run begins, or ends if it was reversed
	outUnit, inUnit int32
}

// Origin returns the range of the original that gave a range of the result. It
// consists of whole units: it may be wider than what was asked for, never
// narrower. An empty range gives an empty one.
func (m Map) Origin(start, end int) (from, to int) {
	if len(m.pieces) > 0 {
		start, end = m.own(int32(start), int32(end))
	}
	if m.first == nil {
		return start, end
	}
	return m.first.Origin(start, end)
}

// After returns the map of a result that m leads to what first was made of.
func (m Map) After(first Map) Map {
	switch {
	case len(first.pieces) == 0 && first.first == nil:
		return m
	case len(m.pieces) == 0 && m.first == nil:
		return first
	}
	below := first // so that only this is kept on the heap
	m.first = &below
	return m
}

func (m Map) own(start, end int32) (from, to int) {
	i := m.at(start)
	if start >= end {
		from, to = m.pieces[i].origin(start, start+1)
		if m.pieces[i].inUnit < 0 {
			return to, to
		}
		return from, from
	}
	if !m.crossed {
		from, _ = m.pieces[i].origin(start, start+1)
		_, to = m.pieces[m.at(end-1)].origin(end-1, end)
		return from, max(from, to)
	}
	from, to = -1, -1
	for ; i < len(m.pieces) && m.pieces[i].out < end; i++ {
		stop := end
		if i+1 < len(m.pieces) {
			stop = min(end, m.pieces[i+1].out)
		}
		lo, hi := m.pieces[i].origin(max(start, m.pieces[i].out), stop)
		if from < 0 || lo < from {
			from = lo
		}
		to = max(to, hi)
	}
	return from, to
}

// at returns the number of the piece that a byte of the result is in.
func (m Map) at(pos int32) int {
	next := sort.Search(len(m.pieces), func(i int) bool { return m.pieces[i].out > pos })
	return max(next-1, 0)
}

// origin returns what gave a part of the piece that is not empty.
func (p piece) origin(start, end int32) (from, to int) {
	first := max(start-p.out, 0) / p.outUnit
	last := (end - p.out + p.outUnit - 1) / p.outUnit
	if p.inUnit < 0 {
		return int(p.in + last*p.inUnit), int(p.in + first*p.inUnit)
	}
	return int(p.in + first*p.inUnit), int(p.in + last*p.inUnit)
}
