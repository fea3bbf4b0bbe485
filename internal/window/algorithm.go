package window

import (
	"cmp"
	"time"
)

// Algorithm is how a limit counts.
type Algorithm int

const (
	// SlidingWindow counts in 60 buckets. Any window holds no more than the rate,
	// and a steady sender gets at least 60/61 of it. A key takes 130 to 1,100
	// bytes in memory and 140 to 380 in Redis, whatever the rate. The algorithm is
	// this package's own; its documentation has the proof.
	SlidingWindow Algorithm = iota
	// SlidingLog notes each charge with its time. Any window holds no more than
	// the rate, and a cost is refused only if it would hold more. The rate is at
	// most [MaxLogRate], for a key takes 120 bytes and 16 a charge in memory, and
	// 150 and 20 to 70 a charge in Redis. It is the textbook's log of requests.
	SlidingLog
	// TokenBucket grants a burst at once and then the rate, evenly: any time T
	// holds at most Burst + Rate·T/Window. It is the generic cell rate algorithm
	// of ITU-T recommendation I.371 (annex A), which keeps nothing but the time
	// at which the bucket is full again: 80 bytes a key in memory and 120 in
	// Redis. What a charge takes from the bucket is rounded up to a microsecond
	// of its filling.
	TokenBucket
)

// usage is what one key has used of a limit. Its times count from when the
// store began, and do not go back.
type usage interface {
	// advance drops what no longer counts at the time now. It comes before the
	// other methods with the same time.
	advance(now time.Duration)
	// room is how many units are left.
	room(now time.Duration, l *Limit) int64
	// charge adds a cost.
	charge(now time.Duration, l *Limit, cost int64)
	// settle corrects a charge that was made at a time from one cost to another.
	settle(now, at time.Duration, l *Limit, from, to int64)
	// reset is how long until something comes back.
	reset(now time.Duration, l *Limit) time.Duration
	// wait is how long until a cost fits for which there is no room.
	wait(now time.Duration, l *Limit, cost int64) time.Duration
	// idle reports whether nothing counts at the time now.
	idle(now time.Duration) bool
	// lookedAt is the latest decision that looked at it.
	lookedAt() *look
}

// newUsage returns what a key has used that was not seen yet.
func (l *Limit) newUsage() usage {
	switch l.Algorithm {
	case SlidingLog:
		return &history{window: l.Window}
	case TokenBucket:
		return new(tokens)
	}
	return &ring{width: widthOf(l.Window)}
}

// Capacity is how many units may be used at once: the largest cost that can
// fit.
func (l *Limit) Capacity() int64 {
	if l.Algorithm == TokenBucket {
		return cmp.Or(l.Burst, l.Rate)
	}
	return l.Rate
}

// look is what a decision has seen of a usage.
type look struct {
	// decision is the number of the decision.
	decision uint64
	// level is how much was used, in eighths.
	level int8
}

func (l *look) lookedAt() *look { return l }

// note notes that a decision has left so much room.
func (l *look) note(room, capacity int64) {
	const eighths = 8
	l.level = int8(eighths - eighths*float64(room)/float64(capacity))
}

// worthMoreThan reports whether forgetting it would give more away than
// forgetting the other: more of it is used, or it was used later.
func (l *look) worthMoreThan(other *look) bool {
	if l.level != other.level {
		return l.level > other.level
	}
	return l.decision > other.decision
}
