package upstream

import (
	"sync"
	"time"
)

// clock measures how long an upstream takes, and rings when that is too long.
// It stands still while the gateway waits for the client, so that a slow upload
// is not taken for a slow upstream. The time starts again with each part that
// the client sends.
type clock struct {
	limit time.Duration

	// an upload is read on a goroutine of its own, and may outlast the attempt
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// start begins to measure, once. When the limit is over, the clock calls ring
// on a goroutine of its own, and again after each pause.
func (c *clock) start(limit time.Duration, ring func()) {
	c.limit, c.timer = limit, time.AfterFunc(limit, ring)
}

// pause halts the clock until it is resumed.
func (c *clock) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
}

// resume starts the clock again from zero.
func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.timer.Reset(c.limit)
	}
}

// stop halts the clock forever.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.stopped = true
}
