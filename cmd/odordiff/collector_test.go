package main

import (
	"runtime/debug"
	"testing"
)

func TestCollectorIsTunedUnlessTheOperatorDid(t *testing.T) {
	const before = 100
	for gogc, want := range map[string]int{"": heapGrowth, "50": before, "off": before} {
		t.Setenv("GOGC", gogc)
		restore := debug.SetGCPercent(before)
		tuneCollector()
		if got := debug.SetGCPercent(restore); got != want {
			t.Errorf("GOGC=%q: tuned to %d, want %d", gogc, got, want)
		}
	}
}
