// Package eventually lets tests wait for what other processes, or Caddy's own
// goroutines, do in their time. Where a channel, a clock or a bubble of
// testing/synctest can tell, tests use that.
package eventually

import (
	"testing"
	"time"
)

const (
	// patience bounds every wait. It is long because machines that run tests are
	// slow at times; a test that passes does not notice.
	patience = time.Minute
	tick     = 5 * time.Millisecond
)

// True waits until the condition holds, and fails the test if it does not
// within a minute. It is called from the test's own goroutine.
func True(t testing.TB, what string, condition func() bool) {
	t.Helper()
	if !Holds(condition) {
		t.Fatalf("it never happened within %v: %s", patience, what)
	}
}

// Holds waits until the condition holds, and reports whether it did so within a
// minute.
func Holds(condition func() bool) bool {
	end := time.NewTimer(patience)
	defer end.Stop()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-end.C:
			return condition()
		case <-ticker.C:
		}
	}
	return true
}
