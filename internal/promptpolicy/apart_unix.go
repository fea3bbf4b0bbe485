//go:build unix

package promptpolicy

import (
	"syscall"
	"time"
)

// limitTime bounds what a trial may cost if nobody is left to end it, and lets
// requests go first. A system that refuses only bounds it less.
func limitTime(most time.Duration) {
	seconds := uint64(2*most/time.Second) + 1
	_ = syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: seconds, Max: seconds})
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
}
