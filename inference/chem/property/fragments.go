package property

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed" // the scores of fragments
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// fragmentFile says how common 705,292 fragments are among known molecules.
// fragments.py wrote it and describes its layout.
//
//go:embed fragments.bin
var fragmentFile []byte

const (
	fragmentMagic = "ODFRAG\x00\x01"
	// rareFragment is the score of a fragment that is not in the table.
	rareFragment = -4
)

// fragmentTable maps Morgan identifiers of radius 2 to scores.
type fragmentTable struct {
	ids    []uint32 // in rising order
	levels []uint16 // the place of each fragment's score in scores
	scores []float64
}

// fragments decodes the table at the first call.
var fragments = sync.OnceValue(func() *fragmentTable {
	t, err := decodeFragments(fragmentFile)
	if err != nil {
		panic(fmt.Sprintf("reading the embedded fragments.bin: %v", err))
	}
	return t
})

func (t *fragmentTable) score(id uint32) float64 {
	i, ok := slices.BinarySearch(t.ids, id)
	if !ok {
		return rareFragment
	}
	return t.scores[t.levels[i]]
}

func decodeFragments(file []byte) (*fragmentTable, error) {
	header := len(fragmentMagic) + sha256.Size
	if len(file) < header || string(file[:len(fragmentMagic)]) != fragmentMagic {
		return nil, errors.New("not a table of fragments")
	}
	body, err := io.ReadAll(flate.NewReader(bytes.NewReader(file[header:])))
	if err != nil {
		return nil, fmt.Errorf("inflating: %w", err)
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], file[len(fragmentMagic):header]) {
		return nil, errors.New("the checksum is wrong")
	}
	r := numberReader{rest: body}
	t := &fragmentTable{scores: make([]float64, r.next())}
	for i := range t.scores {
		t.scores[i] = float64(unzigzag(r.next())) / 10_000
	}
	t.ids = make([]uint32, r.next())
	t.levels = make([]uint16, len(t.ids))
	id := uint64(0)
	for i := range t.ids {
		id += r.next()
		t.ids[i] = uint32(id)
	}
	for i := range t.levels {
		t.levels[i] = uint16(r.next())
	}
	return t, r.err
}

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// numberReader reads unsigned LEB128 numbers. After an error it returns 0.
type numberReader struct {
	rest []byte
	err  error
}

func (r *numberReader) next() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.rest, r.err = nil, io.ErrUnexpectedEOF
		return 0
	}
	r.rest = r.rest[size:]
	return n
}
