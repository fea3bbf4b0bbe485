package promptpolicy

import "time"

// maxRetryPause bounds how long a version that took too long waits for its next
// trial.
const maxRetryPause = 5 * time.Minute

// retry says when to judge again a version that was refused only for taking too
// long: the machine may have been busy. The zero value says never. The pauses
// double, so that a version that always takes too long adds little to the load.
type retry struct {
	at    time.Time
	pause time.Duration
}

func (r *retry) due(now time.Time) bool { return !r.at.IsZero() && !now.Before(r.at) }

// later plans the next trial. The first pause is given; if the last trial was
// itself a repetition, the pause doubles.
func (r *retry) later(again bool, first time.Duration) {
	if again {
		r.pause = min(2*r.pause, maxRetryPause)
	} else {
		r.pause = min(first, maxRetryPause)
	}
	r.at = time.Now().Add(r.pause)
}
