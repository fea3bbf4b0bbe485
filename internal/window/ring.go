package window

import (
	"cmp"
	"slices"
	"time"
)

// ring is the usage of one window: the buckets that are still counted.
type ring struct {
	width time.Duration
	total int64
	// last is the time of the latest charge.
	last time.Duration
	// buckets are those that hold something, oldest first.
	buckets []bucket
	// used is the number of the latest decision that looked at the ring.
	used uint64
}

type bucket struct{ index, count int64 }

// advance drops the buckets that have left the window at the time now. Time
// never goes back.
func (r *ring) advance(now time.Duration) {
	oldest := index(now, r.width) - span
	gone := 0
	for gone < len(r.buckets) && r.buckets[gone].index < oldest {
		r.total -= r.buckets[gone].count
		gone++
	}
	r.buckets = slices.Delete(r.buckets, 0, gone)
}

// idle reports whether nothing of the ring is counted at the time now.
func (r *ring) idle(now time.Duration) bool {
	return now >= leaves(index(r.last, r.width), r.width)
}

// charge adds a cost at the time now, to which the ring was advanced.
func (r *ring) charge(now time.Duration, cost int64) {
	r.last = now
	r.add(index(now, r.width), cost)
}

// settle adds to what was charged at an earlier time; a negative number takes
// away, but no more than is there.
func (r *ring) settle(now, at time.Duration, units int64) {
	b := index(at, r.width)
	if b > index(now, r.width) || b < index(now, r.width)-span {
		return
	}
	r.last = max(r.last, at)
	r.add(b, units)
}

// add adds to the bucket with the given index, which is counted.
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

// reset is how long until the oldest bucket leaves.
func (r *ring) reset(now time.Duration) time.Duration {
	if len(r.buckets) == 0 {
		return 0
	}
	return leaves(r.buckets[0].index, r.width) - now
}

// wait is how long until at least the given number of units has left.
func (r *ring) wait(now time.Duration, units int64) time.Duration {
	for _, b := range r.buckets {
		if units -= b.count; units <= 0 {
			return leaves(b.index, r.width) - now
		}
	}
	return 0
}
