// Package topkeys finds the keys of which there is most in a stream, such as
// the clients that are refused most often, in memory that does not grow with
// the number of keys.
//
// It is the Space-Saving algorithm (Metwally, Agrawal and El Abbadi, Efficient
// Computation of Frequent and Top-k Elements in Data Streams, 2005): a new key
// takes the place of the one with the lowest count, and takes over that count,
// which is then by so much too high. A key with more than a 1/[Capacity] part
// of all is always there.
package topkeys

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Capacity is how many keys are counted at a time.
const Capacity = 128

// Entry is a key and how often it was there.
type Entry[K comparable] struct {
	Key K
	// Count is how often the key was there, or more, but by no more than Over.
	Count, Over int64
	// Last is when it was there last.
	Last time.Time
}

// Recent counts the keys of the last while. It forgets by halves: what it tells
// is of the last span at least, and of two spans at most. It is safe for
// concurrent use.
type Recent[K comparable] struct {
	span time.Duration

	mu         sync.Mutex
	began      time.Time // of young
	young, old []Entry[K]
	oldBegan   time.Time
}

// NewRecent returns a count over a span, which must be positive.
func NewRecent[K comparable](span time.Duration) *Recent[K] { return &Recent[K]{span: span} }

// Add counts a key once, at a time.
func (r *Recent[K]) Add(key K, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	i := slices.IndexFunc(r.young, func(e Entry[K]) bool { return e.Key == key })
	switch {
	case i >= 0:
	case len(r.young) < Capacity:
		i = len(r.young)
		r.young = append(r.young, Entry[K]{Key: key})
	default:
		i = lowest(r.young)
		r.young[i] = Entry[K]{Key: key, Count: r.young[i].Count, Over: r.young[i].Count}
	}
	r.young[i].Count++
	r.young[i].Last = now
}

// lowest returns the place of the entry with the lowest count.
func lowest[K comparable](entries []Entry[K]) int {
	at := 0
	for i, e := range entries {
		if e.Count < entries[at].Count {
			at = i
		}
	}
	return at
}

// forget drops what is too old.
func (r *Recent[K]) forget(now time.Time) {
	if r.began.IsZero() {
		r.began, r.oldBegan = now, now
	}
	switch age := now.Sub(r.began); {
	case age < r.span:
	case age < 2*r.span:
		r.old, r.oldBegan = r.young, r.began
		r.young, r.began = nil, now
	default:
		r.old, r.young = nil, nil
		r.began, r.oldBegan = now, now
	}
}

// Top returns the keys with the highest counts, n at most, and since when they
// were counted.
func (r *Recent[K]) Top(n int, now time.Time) (top []Entry[K], since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	top = slices.Clone(r.young)
	for _, e := range r.old {
		i := slices.IndexFunc(top, func(other Entry[K]) bool { return other.Key == e.Key })
		if i < 0 {
			top = append(top, e)
			continue
		}
		top[i].Count += e.Count
		top[i].Over += e.Over
	}
	slices.SortStableFunc(top, func(a, b Entry[K]) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last))
	})
	return top[:min(n, len(top))], r.oldBegan
}
