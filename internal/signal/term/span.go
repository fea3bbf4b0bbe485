package term

import (
	"cmp"
	"slices"
)

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Span returns where the hit is.
func (h Hit) Span() Span { return Span{h.Start, h.End} }

// Cover is a set of spans that answers quickly whether one of them contains
// another span: what lies inside a harmless phrase is harmless there.
type Cover struct {
	spans []Span // by their starts
	reach []int  // the furthest end of the spans so far
}

// NewCover returns the cover of spans, which it keeps and sorts.
func NewCover(spans []Span) Cover {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	reach := make([]int, len(spans))
	furthest := 0
	for i, span := range spans {
		furthest = max(furthest, span.End)
		reach[i] = furthest
	}
	return Cover{spans, reach}
}

// Contains reports whether one of the spans begins no later than span and ends
// no sooner.
func (c Cover) Contains(span Span) bool {
	after, _ := slices.BinarySearchFunc(c.spans, span.Start+1, func(s Span, start int) int { return cmp.Compare(s.Start, start) })
	return after > 0 && c.reach[after-1] >= span.End
}

// ContainsInLonger is [Cover.Contains], but only spans that are longer than
// span count.
func (c Cover) ContainsInLonger(span Span) bool {
	return c.Contains(Span{span.Start - 1, span.End}) || c.Contains(Span{span.Start, span.End + 1})
}
