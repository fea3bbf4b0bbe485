package main

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

func TestCollectorIsTunedUnlessTheOperatorDid(t *testing.T) {
	const before = 100
	for gogc, want := range map[string]int{"": heapGrowth, "50": before, "off": before} {
		t.Setenv("GOMEMLIMIT", "off")
		t.Setenv("GOGC", gogc)
		restore := debug.SetGCPercent(before)
		tuneCollector()
		if got := debug.SetGCPercent(restore); got != want {
			t.Errorf("GOGC=%q: tuned to %d, want %d", gogc, got, want)
		}
	}
}

func TestTheMoreIsLiveTheLessTheHeapGrows(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 32 << 20: 400, 33 << 20: 200, 64 << 20: 200, 65 << 20: 100, 1 << 40: 100,
	} {
		if got := growthFor(live); got != want {
			t.Errorf("with %d MiB live: %d %%, want %d %%", live>>20, got, want)
		}
	}
}

func TestMemoryIsLimitedUnlessTheOperatorDid(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOGC", "100")
	t.Setenv("GOMEMLIMIT", "3GiB")
	tuneCollector()
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the operator's limit became %d", got)
	}
	t.Setenv("GOMEMLIMIT", "")
	got := limitMemory()
	if got <= 0 || got == math.MaxInt64 {
		t.Errorf("the limit is %d", got)
	}
	// Caddy sets no other limit where the environment has one.
	if env := os.Getenv("GOMEMLIMIT"); env != strconv.FormatInt(got, 10) {
		t.Errorf("the environment says %q, want %d", env, got)
	}
}

func TestTheLimitLeavesRoomForWhatLiesOutsideTheHeap(t *testing.T) {
	for outside, want := range map[int64]int64{0: 1 << 30, 64 << 20: 960 << 20, 1 << 40: 512 << 20} {
		if got := limitFor(1<<30, outside); got != want {
			t.Errorf("with %d MiB outside: %d MiB, want %d MiB", outside>>20, got>>20, want>>20)
		}
	}
}
