package store

import (
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The first byte of a packed value says how the rest is written.
const (
	plain      = 0
	compressed = 1
)

// worthwhile is the size, in bytes, from which a value is compressed.
const worthwhile = 256

// largestValue bounds what a packed value may grow to, in bytes.
const largestValue = 16 << 20

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(largestValue))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// Pack returns a value as it is kept: compressed (zstd) where that makes it
// smaller.
func Pack(value []byte) []byte {
	if len(value) >= worthwhile {
		if packed := packer().EncodeAll(value, []byte{compressed}); len(packed) <= len(value) {
			return packed
		}
	}
	return slices.Concat([]byte{plain}, value)
}

// Unpack returns the value that was packed. It refuses one of more than 16 MiB.
func Unpack(packed []byte) ([]byte, error) {
	switch {
	case len(packed) == 0:
		return nil, fmt.Errorf("unpacking a value: it is empty")
	case packed[0] == plain:
		return packed[1:], nil
	case packed[0] != compressed:
		return nil, fmt.Errorf("unpacking a value: its kind %d is not known", packed[0])
	}
	value, err := unpacker().DecodeAll(packed[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking a value: %w", err)
	}
	return value, nil
}
