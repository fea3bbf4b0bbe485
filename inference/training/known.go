package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
)

// known reads the table that the models are made from, with the SMILES in its
// first column under a header, and writes the keys by which the model tells
// that a molecule stands in it. They are hashes: the table cannot be read from
// them.
func known(_ context.Context, in io.Reader, out io.Writer) error {
	var keys []uint64
	lines := bufio.NewScanner(in)
	lines.Scan() // the header
	for lines.Scan() {
		smiles, _, _ := strings.Cut(lines.Text(), "\t")
		m, err := chem.Parse(smiles)
		if err != nil {
			return fmt.Errorf("reading %q: %w", smiles, err)
		}
		keys = append(keys, diffusion.Key(m))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the table: %w", err)
	}
	slices.Sort(keys)
	var table []byte
	for _, key := range slices.Compact(keys) {
		table = binary.LittleEndian.AppendUint64(table, key)
	}
	_, err := out.Write(table)
	return err
}
