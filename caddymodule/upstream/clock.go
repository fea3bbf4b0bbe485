package upstream

import (
	"sync"
	"time"
)

// clock measures how long an upstream takes, and rings when that is too long.
// While the client is waited for it stands still, so that a slow upload is not
// taken for a slow upstream; with each part that the client sends the time
// begins anew.
type clock struct {
	limit time.Duration

	// an upload is read on a goroutine of its own, and may outlast the attempt
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// startClock returns a clock that runs, and calls ring on a goroutine of its
// own once the limit is over; again after each pause.
func startClock(limit time.Duration, ring func()) *clock {
	return &clock{limit: limit, timer: time.AfterFunc(limit, ring)}
}

// pause halts the clock until it is resumed.
func (c *clock) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
}

// resume runs the clock from the beginning.
func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.timer.Reset(c.limit)
	}
}

// stop halts the clock for good.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.stopped = true
}
