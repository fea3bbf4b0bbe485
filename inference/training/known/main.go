// Command known writes the fingerprints by which the program tells that a
// molecule stands in the table that its models were made from. They are hashes:
// the table itself cannot be read from them.
//
//	go run ./inference/training/known -data odorants.tsv -out inference/diffusion/known.bin
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "table with the SMILES in its first column, under a header")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := run(*data, *out); err != nil {
		log.Fatal(err)
	}
}

func run(data, out string) error {
	file, err := os.Open(data)
	if err != nil {
		return err
	}
	defer file.Close()
	var keys []uint64
	lines := bufio.NewScanner(file)
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
		return fmt.Errorf("reading %s: %w", data, err)
	}
	slices.Sort(keys)
	var bytes []byte
	for _, key := range slices.Compact(keys) {
		bytes = binary.LittleEndian.AppendUint64(bytes, key)
	}
	if err := os.WriteFile(out, bytes, 0o600); err != nil {
		return err
	}
	fmt.Printf("%d molecules, %d bytes\n", len(bytes)/8, len(bytes))
	return nil
}
