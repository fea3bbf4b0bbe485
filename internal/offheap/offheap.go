// Package offheap reserves memory that Go's garbage collector does not know.
// What keeps megabytes of bytes for minutes belongs there: on the heap, they
// would make the collector let the rest of the heap grow by as much again, and
// each request would then work on memory that no processor cache has.
package offheap

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// reserved is how many bytes are reserved in the process.
var reserved atomic.Int64

// Reserved returns how many bytes the process has reserved. The limit of Go's
// own memory (GOMEMLIMIT) does not count them.
func Reserved() int64 { return reserved.Load() }

// Memory is a reservation. It takes a page of real memory only when the page is
// first written to, and gives everything back when it is no longer reachable.
type Memory struct {
	bytes []byte
}

// Reserve returns memory of size bytes, all of them zero.
func Reserve(size int64) (*Memory, error) {
	bytes, err := reserve(size)
	if err != nil {
		return nil, fmt.Errorf("reserving %d bytes of memory: %w", size, err)
	}
	reserved.Add(size)
	m := &Memory{bytes}
	runtime.AddCleanup(m, giveBack, bytes)
	return m, nil
}

// Bytes returns the memory. It must not be used once m is unreachable: keep m
// beside it, and call [runtime.KeepAlive] where that is not obvious.
func (m *Memory) Bytes() []byte { return m.bytes }

func giveBack(bytes []byte) {
	release(bytes)
	reserved.Add(-int64(len(bytes)))
}
