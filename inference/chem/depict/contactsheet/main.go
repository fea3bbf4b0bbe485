// Command contactsheet draws a list of molecules as one SVG picture:
//
//	go run ./inference/chem/depict/contactsheet -columns 6 <molecules.smi >sheet.svg
//
// Each line is a SMILES and, after a space or a tab, its caption, in which "|"
// parts lines.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/depict"
)

func main() {
	log.SetFlags(0)
	columns := flag.Int("columns", 6, "molecules in a row")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *columns); err != nil {
		log.Fatal("contactsheet: ", err)
	}
}

func run(in io.Reader, out io.Writer, columns int) error {
	entries, err := readEntries(in)
	if err != nil {
		return err
	}
	sheet, err := depict.Sheet(entries, columns)
	if err != nil {
		return err
	}
	if _, err := out.Write(sheet); err != nil {
		return fmt.Errorf("writing the sheet: %w", err)
	}
	return nil
}

// readEntries reads a molecule a line; empty lines are skipped.
func readEntries(in io.Reader) ([]depict.Entry, error) {
	var entries []depict.Entry
	lines := bufio.NewScanner(in)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		smiles, caption := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			smiles, caption = line[:i], strings.ReplaceAll(strings.TrimSpace(line[i:]), "|", "\n")
		}
		m, err := chem.Parse(smiles)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, depict.Entry{Molecule: m, Caption: caption})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading molecules: %w", err)
	}
	return entries, nil
}
