package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/odordiff/odordiff/internal/offheap"
)

const (
	// heapGrowth is how far the heap may grow past what is live, in percent,
	// before it is collected. A request allocates much and keeps little:
	// docs/operations/performance.md says what collecting less often saves.
	heapGrowth = 400
	// heapRoom is what it may grow by at most, in bytes. Where much is live, to
	// collect less often saves little and costs a lot.
	heapRoom = 128 << 20

	// The memory limit is a share of what the process may have: of the limit that
	// it was given nearly all, of a machine that it may share with others a half.
	shareOfLimit, shareOfMachine = 0.9, 0.5
)

// tuneCollector bounds the memory, unless the operator set GOMEMLIMIT, and lets
// the heap grow, unless the operator set GOGC.
func tuneCollector() {
	if os.Getenv("GOMEMLIMIT") == "" {
		limitAfterCollections(limitMemory())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
		adaptAfterCollections(heapGrowth)
	}
}

// limitMemory has the collector work harder near the limit, and returns the
// limit. The environment carries it on: Caddy would set another one in `run`.
func limitMemory() int64 {
	limit, err := memlimit.ApplyRatio(memlimit.FromCgroup, shareOfLimit)()
	if err != nil {
		limit, err = memlimit.ApplyRatio(memlimit.FromSystem, shareOfMachine)()
	}
	if err != nil {
		return math.MaxInt64 // Nothing here knows a limit.
	}
	all := int64(min(limit, 1<<62))
	debug.SetMemoryLimit(all)
	setDefault(nil, "GOMEMLIMIT", strconv.FormatUint(limit, 10))
	return all
}

// limitAfterCollections takes what is reserved outside the heap off the limit,
// each time that the heap was collected.
func limitAfterCollections(all int64) {
	runtime.AddCleanup(new(*byte), func(all int64) {
		if left := limitFor(all, offheap.Reserved()); left != debug.SetMemoryLimit(-1) {
			debug.SetMemoryLimit(left)
		}
		limitAfterCollections(all)
	}, all)
}

// limitFor returns the limit of the heap where so much lies outside, which the
// limit does not count. The heap keeps a half in any case.
func limitFor(all, outside int64) int64 { return max(all-outside, all/2) }

// adaptAfterCollections sets the heap's growth by what is live, each time that
// the heap was collected. A SetGCPercent stops the world for a moment, so the
// growth has three steps only.
func adaptAfterCollections(growth int) {
	// What nobody holds is cleaned up after the next collection.
	runtime.AddCleanup(new(*byte), func(growth int) {
		next := growthFor(liveBytes())
		if next != growth {
			debug.SetGCPercent(next)
		}
		adaptAfterCollections(next)
	}, growth)
}

// growthFor returns the percentage by which the heap may grow where so much is
// live.
func growthFor(live uint64) int {
	for _, growth := range []int{heapGrowth, heapGrowth / 2} {
		if live*uint64(growth)/100 <= heapRoom {
			return growth
		}
	}
	return 100 // Go's own default
}

// liveBytes is what the collector reckons the growth from: what it found live,
// and the stacks that it searched.
func liveBytes() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(samples)
	var sum uint64
	for _, sample := range samples {
		if sample.Value.Kind() == metrics.KindUint64 {
			sum += sample.Value.Uint64()
		}
	}
	return sum
}
