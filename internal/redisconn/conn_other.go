//go:build !unix

package redisconn

// readNow finds nothing where it cannot look.
func readNow(uintptr, []byte) int { return 0 }
