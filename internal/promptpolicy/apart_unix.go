//go:build unix

package promptpolicy

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// limitTime bounds what a trial may cost if nobody is left to end it, and lets
// requests go first. A system that refuses only bounds it less.
func limitTime(most time.Duration) {
	seconds := uint64(2*most/time.Second) + 1
	_ = syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: seconds, Max: seconds})
	giveWay()
}

// giveWay lowers the priority of all threads. Linux has one for each thread,
// which those that it starts take over.
func giveWay() {
	const lower = 10
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil { // another system, where the process has one
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, lower)
		return
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, lower)
		}
	}
}
