package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

// unreadable stands for a line that is not a molecule.
const unreadable = math.MaxUint32

// features describes molecules for the training of the odor predictor. It reads
// one SMILES a line and writes, for each line, little-endian 32-bit words: the
// number of fragments, or 0xffffffff where the line is not a molecule; then the
// ID and the count of each fragment; then the properties as float32. The first
// word of all is the number of properties.
func features(_ context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, chem.MaxLength+1)
	words := bufio.NewWriter(out)
	if err := put(words, predict.Properties); err != nil {
		return err
	}
	for lines.Scan() {
		if err := put(words, encode(lines.Text())...); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading SMILES: %w", err)
	}
	return words.Flush()
}

// encode describes the molecule of one line.
func encode(smiles string) []uint32 {
	m, err := chem.Parse(smiles)
	if err != nil {
		return []uint32{unreadable}
	}
	d := predict.Describe(m)
	words := []uint32{uint32(len(d.Fragments))}
	for _, f := range d.Fragments {
		words = append(words, f.ID, uint32(f.Count))
	}
	for _, p := range d.Properties {
		words = append(words, math.Float32bits(p))
	}
	return words
}

func put(out io.Writer, words ...uint32) error {
	var buffer []byte
	for _, w := range words {
		buffer = binary.LittleEndian.AppendUint32(buffer, w)
	}
	_, err := out.Write(buffer)
	return err
}
