package offheap

import (
	"math"
	"runtime"
	"testing"
	"time"
)

func TestMemoryIsGivenBackWhenNobodyHoldsIt(t *testing.T) {
	const size = 1 << 20
	before := Reserved()
	memory, err := Reserve(size)
	if err != nil {
		t.Fatal(err)
	}
	bytes := memory.Bytes()
	bytes[0], bytes[size-1] = 1, 2
	if len(bytes) != size || Reserved()-before != size {
		t.Errorf("%d bytes, %d reserved; want %d", len(bytes), Reserved()-before, size)
	}
	runtime.KeepAlive(memory)
	for until := time.Now().Add(10 * time.Second); Reserved() != before; runtime.GC() {
		if time.Now().After(until) {
			t.Fatal("the memory is still reserved")
		}
	}
}

func TestMemoryThatCannotBeHadIsAnError(t *testing.T) {
	if _, err := Reserve(math.MaxInt64 - 1<<20); err == nil {
		t.Error("more memory than a process can have was reserved")
	}
}
