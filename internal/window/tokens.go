package window

import (
	"math/bits"
	"time"
)

// longestFilling is how long a bucket may need to be filled, with all its
// debts.
const longestFilling = 2 * MaxWindow

// tokens is the bucket of a [TokenBucket].
type tokens struct {
	look
	// full is when the bucket is full again, or was.
	full time.Duration
}

// filling is how long so many units need to come back: whole microseconds,
// rounded up.
func filling(l *Limit, units int64) time.Duration {
	high, low := bits.Mul64(uint64(units), uint64(l.Window))
	if rate := uint64(l.Rate); high < rate {
		ns, rest := bits.Div64(high, low, rate)
		if rest > 0 {
			ns++
		}
		if ns < uint64(longestFilling) {
			return (time.Duration(ns) + time.Microsecond - 1).Truncate(time.Microsecond)
		}
	}
	return longestFilling
}

// missing is how long the bucket needs to be full again.
func (t *tokens) missing(now time.Duration) time.Duration { return max(0, t.full-now) }

func (t *tokens) advance(time.Duration) {}

func (t *tokens) room(now time.Duration, l *Limit) int64 {
	filled := (filling(l, l.Capacity()) - t.missing(now)).Truncate(time.Microsecond)
	if filled <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(filled), uint64(l.Rate))
	units, _ := bits.Div64(high, low, uint64(l.Window))
	return int64(units)
}

func (t *tokens) charge(now time.Duration, l *Limit, cost int64) {
	t.full = now + t.missing(now) + filling(l, cost)
}

// settle gives back no more than what has not come back by itself since the
// charge: the bucket may have been full meanwhile, and others have drawn on
// that.
func (t *tokens) settle(now, at time.Duration, l *Limit, from, to int64) {
	left := max(0, at+filling(l, from)-now)
	change := max(filling(l, to)-filling(l, from), -left)
	t.full = now + max(0, t.missing(now)+change)
}

// reset is how long until the next unit comes back.
func (t *tokens) reset(now time.Duration, l *Limit) time.Duration {
	missing := t.missing(now)
	if room := t.room(now, l); missing > 0 && room < l.Capacity() {
		return t.wait(now, l, room+1)
	}
	return missing
}

func (t *tokens) wait(now time.Duration, l *Limit, cost int64) time.Duration {
	return max(0, t.missing(now)+filling(l, cost)-filling(l, l.Capacity()))
}

func (t *tokens) idle(now time.Duration) bool { return t.full <= now }
