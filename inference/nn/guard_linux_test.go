package nn

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// guarded copies values to where a page that must not be touched follows at
// once.
func guarded(t *testing.T, values []float32) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := 4 * len(values)
	usable := (size + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, usable+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	if err := syscall.Mprotect(memory[usable:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if len(values) == 0 {
		return nil
	}
	copied := unsafe.Slice((*float32)(unsafe.Pointer(&memory[usable-size])), len(values))
	copy(copied, values)
	return copied
}

// An access beyond a buffer would crash the test.
func TestKernelsStayWithinTheirBuffers(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 9))
		for _, rows := range []int{1, 2, 3, 7, 8, 9, 12, 23, 31, 33, 41, 64} {
			b := newBlock(rng, 64, []int{0, rows / 2, rows})
			for _, buffer := range []*[]float32{
				&b.x, &b.norm, &b.hidden, &b.branch, &b.modulation,
				&b.qkv.weights, &b.qkv.bias, &b.project.weights, &b.project.bias,
				&b.fc1.weights, &b.fc1.bias, &b.fc2.weights, &b.fc2.bias,
				&b.attention.keys, &b.attention.scores,
			} {
				*buffer = guarded(t, *buffer)
			}
			b.forward()

			head := NewLinear(normals(rng, 64*rows), nil, 64, rows)
			logits := guarded(t, make([]float32, rows*rows))
			head.Forward(logits, b.x, rows)
			softmaxRows(logits, rows, rows, rows, 1)
		}
	})
}
