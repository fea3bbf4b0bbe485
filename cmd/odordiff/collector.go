package main

import (
	"os"
	"runtime/debug"
)

// heapGrowth is how far the heap may grow past what is live, in percent, before
// it is collected. A request allocates much and keeps little: see docs/performance.md
// for what collecting less often saves. The memory limit that Caddy sets in `run` holds all the same.
const heapGrowth = 400

// tuneCollector lets the heap grow, unless the operator set GOGC.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
