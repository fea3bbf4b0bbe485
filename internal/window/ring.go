package window

import (
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
	if cost == 0 {
		return
	}
	r.total += cost
	r.last = now
	current := index(now, r.width)
	if n := len(r.buckets); n > 0 && r.buckets[n-1].index == current {
		r.buckets[n-1].count += cost
		return
	}
	r.buckets = append(r.buckets, bucket{current, cost})
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
