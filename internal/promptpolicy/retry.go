package promptpolicy

import "time"

// maxRetryPause bounds how long a version that took too long waits for its next
// trial.
const maxRetryPause = 5 * time.Minute

// retry is when a version that is refused only for taking too long is judged
// again: the machine may have been busy. The zero value is never. The pauses
// double, since a version that always takes too long would add to the load.
type retry struct {
	at    time.Time
	pause time.Duration
}

func (r *retry) due(now time.Time) bool { return !r.at.IsZero() && !now.Before(r.at) }

// later plans the next trial after one that failed, again or for the first
// time.
func (r *retry) later(again bool, first time.Duration) {
	if again {
		r.pause = min(2*r.pause, maxRetryPause)
	} else {
		r.pause = min(first, maxRetryPause)
	}
	r.at = time.Now().Add(r.pause)
}
