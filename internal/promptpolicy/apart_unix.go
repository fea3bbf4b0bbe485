//go:build unix

package promptpolicy

import (
	"syscall"
	"time"
)

// limitTrial bounds what a trial may cost if nobody is left to end it, and lets
// requests go first. A system that refuses only bounds it less.
func limitTrial() {
	const seconds = uint64(2 * trialTimeout / time.Second)
	_ = syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: seconds, Max: seconds})
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
}
