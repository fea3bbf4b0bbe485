// Package freeport gives tests ports of 127.0.0.1 on which nothing listens, and
// which no other program takes first.
//
// The usual way, to let the kernel choose a port and to close it again, is a
// race: the kernel may give the same port to another test process at once, and
// servers that share ports between processes, as Caddy does for its reloads,
// then answer for each other. These ports lie below those that kernels choose
// from, and each process takes them from a part of its own.
package freeport

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

const (
	first = 10000
	parts = 200
	size  = 100 // of a part
)

var taken atomic.Uint32

// Get returns a port that is free now and was not returned for a while.
func Get(t testing.TB) string {
	t.Helper()
	base := first + os.Getpid()%parts*size
	for range size {
		port := strconv.Itoa(base + int(taken.Add(1)%size))
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue // somebody listens there
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatalf("no port from %d to %d is free", base, base+size-1)
	return ""
}
