package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

func TestFeaturesWritesOneRecordALine(t *testing.T) {
	var out bytes.Buffer
	if err := features(t.Context(), strings.NewReader("CCO\nnot a molecule\nC\n"), &out); err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, out.Len()/4)
	if err := binary.Read(&out, binary.LittleEndian, words); err != nil {
		t.Fatal(err)
	}
	if words[0] != predict.Properties {
		t.Fatalf("%d properties", words[0])
	}
	words = checkRecord(t, "CCO", words[1:])
	if words[0] != unreadable {
		t.Fatalf("%#x for a line that is not a molecule", words[0])
	}
	if rest := checkRecord(t, "C", words[1:]); len(rest) > 0 {
		t.Errorf("%d words after the last record", len(rest))
	}
}

// checkRecord compares the record at the start of words with the molecule's
// description and returns what follows it.
func checkRecord(t *testing.T, smiles string, words []uint32) []uint32 {
	t.Helper()
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatal(err)
	}
	d := predict.Describe(m)
	if int(words[0]) != len(d.Fragments) {
		t.Fatalf("%s has %d fragments, want %d", smiles, words[0], len(d.Fragments))
	}
	words = words[1:]
	for i, f := range d.Fragments {
		if words[2*i] != f.ID || int(words[2*i+1]) != f.Count {
			t.Errorf("%s: fragment %d is %v, want %v", smiles, i, words[2*i:2*i+2], f)
		}
	}
	words = words[2*len(d.Fragments):]
	for i, p := range d.Properties {
		if words[i] != math.Float32bits(p) {
			t.Errorf("%s: property %d differs", smiles, i)
		}
	}
	return words[predict.Properties:]
}

func TestFeaturesRefusesALineLongerThanAnyMolecule(t *testing.T) {
	if err := features(t.Context(), strings.NewReader(strings.Repeat("C", chem.MaxLength+2)), &bytes.Buffer{}); err == nil {
		t.Error("a line longer than any molecule is read")
	}
}
