package history

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// admission is a request that was let through. It was charged at some time from
// sent to answered.
type admission struct {
	key            string
	sent, answered time.Duration
	// local says that a gateway decided by itself, for Redis was gone.
	local bool
	cost  int64
}

// fullest returns the most that one key was granted within a window: the cost
// of the admissions that lie in it as a whole, and so were certainly charged in
// it. It also returns when that window begins.
func fullest(all []admission, window time.Duration) (most int64, begins time.Duration) {
	byKey := make(map[string][]admission)
	for _, a := range all {
		byKey[a.key] = append(byKey[a.key], a)
	}
	for _, of := range byKey {
		slices.SortFunc(of, func(a, b admission) int { return cmp.Compare(a.sent, b.sent) })
		for i, first := range of {
			var sum int64
			for _, a := range of[i:] {
				if a.sent >= first.sent+window {
					break
				}
				if a.answered < first.sent+window {
					sum += a.cost
				}
			}
			if sum > most {
				most, begins = sum, first.sent
			}
		}
	}
	return most, begins
}
func TestOnlyWhatCertainlyLiesInAWindowIsCounted(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		all  []admission
		want int64
	}{
		"none":                           {},
		"all within a window":            {[]admission{{sent: 0, answered: 1, cost: 1}, {sent: s, answered: 2 * s, cost: 2}}, 3},
		"a window and a bit":             {[]admission{{sent: 0, answered: 1, cost: 1}, {sent: 3 * s, answered: 3 * s, cost: 1}}, 1},
		"perhaps in the next window":     {[]admission{{sent: 0, answered: 1, cost: 1}, {sent: 2 * s, answered: 4 * s, cost: 1}}, 1},
		"keys have windows of their own": {[]admission{{key: "a", answered: 1, cost: 1}, {key: "b", answered: 1, cost: 1}}, 1},
		"the fullest of several":         {[]admission{{sent: 0, cost: 1}, {sent: 4 * s, cost: 5}, {sent: 5 * s, cost: 5}, {sent: 9 * s, cost: 1}}, 10},
	} {
		for i := range c.all {
			c.all[i].answered = max(c.all[i].answered, c.all[i].sent)
		}
		if got, _ := fullest(c.all, 3*s); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
