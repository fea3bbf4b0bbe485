//go:build unix

package redisconn

import "syscall"

// readNow reads from a descriptor that does not block.
func readNow(fd uintptr, p []byte) int {
	n, err := syscall.Read(int(fd), p)
	if err != nil {
		return 0
	}
	return n
}
