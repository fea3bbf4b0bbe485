package depict

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

func mustParse(t testing.TB, smiles string) *chem.Molecule {
	t.Helper()
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustLayout(t testing.TB, m *chem.Molecule) *Drawing {
	t.Helper()
	d, err := Layout(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSVGIsWellFormed(t *testing.T) {
	out, err := SVG(mustParse(t, "COc1cc(C=O)ccc1O"), Options{Title: `<script>&"'`})
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(out))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
