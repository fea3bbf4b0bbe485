package upstream

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAClockRingsAfterItsLimitWithoutPauses(t *testing.T) {
	const limit = 30 * time.Second
	for name, test := range map[string]struct {
		handle func(*clock)
		want   int
	}{
		"undisturbed":         {func(*clock) { time.Sleep(limit + 1) }, 1},
		"before the limit":    {func(*clock) { time.Sleep(limit - 1) }, 0},
		"paused":              {func(c *clock) { c.pause(); time.Sleep(2 * limit) }, 0},
		"resumed for long":    {func(c *clock) { c.pause(); time.Sleep(2 * limit); c.resume(); time.Sleep(limit + 1) }, 1},
		"resumed for a while": {func(c *clock) { time.Sleep(limit - 1); c.pause(); c.resume(); time.Sleep(limit - 1) }, 0},
		"stopped":             {func(c *clock) { c.stop(); time.Sleep(2 * limit) }, 0},
		"resumed too late":    {func(c *clock) { c.stop(); c.resume(); time.Sleep(2 * limit) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rings := 0
				var c clock
				c.start(limit, func() { rings++ })
				defer c.stop()
				test.handle(&c)
				synctest.Wait()
				if rings != test.want {
					t.Errorf("rang %d times, want %d", rings, test.want)
				}
			})
		})
	}
}
