package ladder

import (
	"encoding/binary"

	"github.com/odordiff/odordiff/internal/offheap"
)

const (
	// blockSize is how many bytes a block has. An answer takes whole blocks, so
	// that the room of one that goes fits any that comes.
	blockSize = 512
	// linkSize is what of them says which block follows.
	linkSize = 4
	// payloadSize is the rest.
	payloadSize = blockSize - linkSize
)

// blocks is memory outside the heap, in blocks that are chained into records.
// Blocks are numbered from 1; 0 is none.
type blocks struct {
	memory *offheap.Memory
	free   uint32 // the first of the blocks that were given back
	used   uint32 // the last block that was ever used: those after it are new
}

// newBlocks reserves blocks for size bytes. They take memory when first used.
func newBlocks(size int64) (*blocks, error) {
	memory, err := offheap.Reserve(blocksFor(size, blockSize) * blockSize)
	if err != nil {
		return nil, err
	}
	return &blocks{memory: memory}, nil
}

// blocksFor returns how many blocks of which each takes `each` bytes have room
// for size bytes: at least one.
func blocksFor(size int64, each int64) int64 {
	return max((size+each-1)/each, 1)
}

// write makes a record of the parts, one after the other, and returns its first
// block. The caller has seen to it that there is room.
func (b *blocks) write(parts ...[]byte) uint32 {
	first := b.take()
	block, room := first, b.payload(first)
	for _, part := range parts {
		for len(part) > 0 {
			if len(room) == 0 {
				next := b.take()
				b.link(block, next)
				block, room = next, b.payload(next)
			}
			n := copy(room, part)
			part, room = part[n:], room[n:]
		}
	}
	b.link(block, 0)
	return first
}

// read returns a copy of a record of length bytes.
func (b *blocks) read(block uint32, length int64) []byte {
	record := make([]byte, 0, length)
	for int64(len(record)) < length {
		payload := b.payload(block)
		record = append(record, payload[:min(int64(len(payload)), length-int64(len(record)))]...)
		block = b.next(block)
	}
	return record
}

// giveBack frees a record's blocks. Those that were given back last are used
// first: a processor cache may still have them.
func (b *blocks) giveBack(first uint32) {
	last := first
	for next := b.next(last); next != 0; next = b.next(last) {
		last = next
	}
	b.link(last, b.free)
	b.free = first
}

// take returns a block that nobody uses.
func (b *blocks) take() uint32 {
	block := b.free
	if block == 0 {
		b.used++
		return b.used
	}
	b.free = b.next(block)
	return block
}

func (b *blocks) next(block uint32) uint32 { return binary.LittleEndian.Uint32(b.at(block)) }

func (b *blocks) link(block, next uint32) { binary.LittleEndian.PutUint32(b.at(block), next) }

func (b *blocks) payload(block uint32) []byte { return b.at(block)[linkSize:] }

func (b *blocks) at(block uint32) []byte {
	start := int64(block-1) * blockSize
	return b.memory.Bytes()[start : start+blockSize]
}
