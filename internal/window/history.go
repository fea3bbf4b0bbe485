package window

import (
	"cmp"
	"slices"
	"time"
)

// MaxLogRate is the highest rate of a [SlidingLog].
const MaxLogRate = 1000

// history is the log of a [SlidingLog].
type history struct {
	look
	window time.Duration
	total  int64
	// uses are those that count, oldest first, at most MaxLogRate.
	uses []dated
}

type dated struct {
	at   time.Duration
	cost int64
}

func (h *history) advance(now time.Duration) {
	gone := 0
	for gone < len(h.uses) && h.uses[gone].at+h.window <= now {
		h.total -= h.uses[gone].cost
		gone++
	}
	h.uses = slices.Delete(h.uses, 0, gone)
}

func (h *history) room(_ time.Duration, l *Limit) int64 { return max(0, l.Rate-h.total) }

func (h *history) charge(now time.Duration, _ *Limit, cost int64) { h.add(now, cost) }

func (h *history) settle(now, at time.Duration, _ *Limit, from, to int64) {
	if at <= now && at+h.window > now {
		h.add(at, to-from)
	}
}

// add adds to what was used at a time; a negative number takes away, but no
// more than is there. A use for which the log is too long joins the next.
func (h *history) add(at time.Duration, units int64) {
	i, found := slices.BinarySearchFunc(h.uses, at, func(d dated, at time.Duration) int { return cmp.Compare(d.at, at) })
	switch {
	case found:
	case units <= 0:
		return
	case len(h.uses) < MaxLogRate:
		h.uses = slices.Insert(h.uses, i, dated{at: at})
	case i == len(h.uses):
		i--
		h.uses[i].at = at
	}
	d := &h.uses[i]
	units = min(max(units, -d.cost), MaxRate-h.total)
	d.cost += units
	h.total += units
	if d.cost == 0 {
		h.uses = slices.Delete(h.uses, i, i+1)
	}
}

func (h *history) reset(now time.Duration, _ *Limit) time.Duration {
	if len(h.uses) == 0 {
		return 0
	}
	return h.uses[0].at + h.window - now
}

func (h *history) wait(now time.Duration, l *Limit, cost int64) time.Duration {
	excess := cost - (l.Rate - h.total)
	for _, d := range h.uses {
		if excess -= d.cost; excess <= 0 {
			return d.at + h.window - now
		}
	}
	return 0
}

func (h *history) idle(now time.Duration) bool {
	return len(h.uses) == 0 || h.uses[len(h.uses)-1].at+h.window <= now
}
