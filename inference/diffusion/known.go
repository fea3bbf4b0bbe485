package diffusion

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
)

// knownTable holds the [Key] of each molecule of the table that the model was
// made from, in ascending order, made by inference/training/known.go.
//
//go:embed known.bin
var knownTable []byte

// Key stands for a molecule without its stereo marks: the beginning of a hash
// of its canonical SMILES.
func Key(m *chem.Molecule) uint64 {
	sum := sha256.Sum256([]byte(m.WithoutStereo().SMILES()))
	return binary.LittleEndian.Uint64(sum[:])
}

// Known reports whether a molecule, whatever its stereo, is in the table that
// the model was made from: its training data, and what was held out of it for
// tests.
func (m *Model) Known(molecule *chem.Molecule) bool {
	_, found := slices.BinarySearch(m.known, Key(molecule))
	return found
}

func readKnown(table []byte) ([]uint64, error) {
	if len(table)%8 != 0 {
		return nil, errors.New("the table of known molecules is cut short")
	}
	keys := make([]uint64, len(table)/8)
	for i := range keys {
		keys[i] = binary.LittleEndian.Uint64(table[8*i:])
	}
	if !slices.IsSorted(keys) {
		return nil, errors.New("the table of known molecules is not in order")
	}
	return keys, nil
}
