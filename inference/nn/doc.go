// Package nn holds the float32 kernels of a small transformer: linear layers,
// attention, modulated layer normalisation and gated residuals. It is pure Go
// with assembly for amd64 (AVX-512, or AVX2 with FMA, chosen when the program
// starts) and needs neither cgo nor build flags; elsewhere, and with the build
// tag purego, everything runs in Go.
//
// A batch is one matrix whose rows are tokens. The tokens of sequence i are the
// rows offsets[i] to offsets[i+1]: no padding, and no mask. Matrices are
// row-major and dense.
//
// Beyond constructors, no function allocates, locks or starts a goroutine:
// callers own every buffer, and run disjoint sets of sequences in parallel with
// scratch of their own. A sequence's result does not depend on what it is
// batched with, to the last bit, and both amd64 paths give the same bits; the
// Go path, which rounds more often, agrees with them to about 1e-6 of what is
// summed.
//
// Buffers of the wrong size are errors of the program, so they panic.
//
// # Where things are
//
//   - linear.go, attention.go and norm.go hold what callers use: [Linear],
//     [Attention], [LayerNorm] and [AddGated].
//   - product.go cuts a matrix product into tiles, all of which one kernel
//     computes.
//   - scalar.go holds the kernels in Go; kernels_amd64.go declares those in
//     assembly, and dispatch_amd64.go chooses among them.
package nn
