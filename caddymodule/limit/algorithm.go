package limit

import (
	"errors"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// The algorithms, as the configuration names them.
const (
	slidingWindow = "sliding_window"
	slidingLog    = "sliding_log"
	tokenBucket   = "token_bucket"
)

var algorithms = map[string]window.Algorithm{
	slidingWindow: window.SlidingWindow, slidingLog: window.SlidingLog, tokenBucket: window.TokenBucket,
}

// configureAlgorithm sets how the limit counts.
func (l *Limit) configureAlgorithm() error {
	l.limit.Algorithm = algorithms[l.Algorithm]
	if l.Burst != nil {
		if l.Algorithm != tokenBucket {
			return errors.New("burst: only a token bucket has one: add algorithm token_bucket, or leave burst out")
		}
		l.limit.Burst = int64(*l.Burst)
	}
	if l.Lease != nil {
		if l.Algorithm != slidingWindow {
			return errors.New("lease: only a sliding window has one: leave lease or algorithm out")
		}
		l.limit.Lease = time.Duration(*l.Lease)
	}
	if l.MaxKeys != nil {
		l.limit.MaxKeys = *l.MaxKeys
	}
	return nil
}
