//go:build !race

// The race detector makes pools drop what they hold, so that counts vary.

package bench

import "testing"

// TestNoRungAllocatesMoreThanItsBudget counts what a request through each rung
// allocates beyond plain Caddy. `make profile` shows where.
func TestNoRungAllocatesMoreThanItsBudget(t *testing.T) {
	plain := objects(t, rungs[0])
	for _, r := range rungs[1:] {
		if r.budget == 0 {
			continue
		}
		if beyond := objects(t, r) - plain; beyond > r.budget {
			t.Errorf("%s: a request allocates %.0f objects beyond plain Caddy's %.0f, more than its budget of %.0f",
				r.name, beyond, plain, r.budget)
		} else {
			t.Logf("%s: %.0f of %.0f", r.name, beyond, r.budget)
		}
	}
}

// objects returns how many objects a request through a rung allocates.
func objects(t *testing.T, r rung) (count float64) {
	t.Helper()
	t.Run(r.name, func(t *testing.T) {
		c := startChain(t, r)
		count = testing.AllocsPerRun(1000, func() { c.send(t) })
	})
	return count
}
