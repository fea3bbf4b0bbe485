package window

import (
	"cmp"
	"slices"
	"time"
)

// ring is what a [SlidingWindow] counts: the buckets that are in the window.
type ring struct {
	look
	width time.Duration
	total int64
	// buckets are those that hold something, oldest first.
	buckets []bucket
}

type bucket struct{ index, count int64 }

func (r *ring) advance(now time.Duration) {
	oldest := index(now, r.width) - span
	gone := 0
	for gone < len(r.buckets) && r.buckets[gone].index < oldest {
		r.total -= r.buckets[gone].count
		gone++
	}
	r.buckets = slices.Delete(r.buckets, 0, gone)
}

func (r *ring) idle(now time.Duration) bool {
	return len(r.buckets) == 0 || now >= leaves(r.buckets[len(r.buckets)-1].index, r.width)
}

func (r *ring) room(_ time.Duration, l *Limit) int64 { return max(0, l.Rate-r.total) }

func (r *ring) charge(now time.Duration, _ *Limit, cost int64) { r.add(index(now, r.width), cost) }

func (r *ring) settle(now, at time.Duration, _ *Limit, from, to int64) {
	b := index(at, r.width)
	if newest := index(now, r.width); b <= newest && b >= newest-span {
		r.add(b, to-from)
	}
}

// add adds to the bucket with the given index, which is counted; a negative
// number takes away, but no more than is there.
func (r *ring) add(index, units int64) {
	i, found := slices.BinarySearchFunc(r.buckets, index, func(b bucket, index int64) int { return cmp.Compare(b.index, index) })
	if !found {
		r.buckets = slices.Insert(r.buckets, i, bucket{index: index})
	}
	b := &r.buckets[i]
	units = min(max(units, -b.count), MaxRate-r.total)
	b.count += units
	r.total += units
	if b.count == 0 {
		r.buckets = slices.Delete(r.buckets, i, i+1)
	}
}

func (r *ring) reset(now time.Duration, _ *Limit) time.Duration {
	if len(r.buckets) == 0 {
		return 0
	}
	return leaves(r.buckets[0].index, r.width) - now
}

func (r *ring) wait(now time.Duration, l *Limit, cost int64) time.Duration {
	excess := cost - (l.Rate - r.total)
	for _, b := range r.buckets {
		if excess -= b.count; excess <= 0 {
			return leaves(b.index, r.width) - now
		}
	}
	return 0
}
