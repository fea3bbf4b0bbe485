// Package chemtest has helpers for the tests of packages that use chem.
package chemtest

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

// Parse reads a SMILES, or ends the test.
func Parse(t testing.TB, smiles string) *chem.Molecule {
	t.Helper()
	m, err := chem.Parse(smiles)
	if err != nil {
		t.Fatalf("%s: %v", smiles, err)
	}
	return m
}

// ReadReferences reads a JSON list of another program's results for molecules.
// It ends the test if there are fewer than least.
func ReadReferences[T any](t testing.TB, path string, least int) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var references []T
	if err := json.Unmarshal(data, &references); err != nil {
		t.Fatal(err)
	}
	if len(references) < least {
		t.Fatalf("only %d references, want %d", len(references), least)
	}
	return references
}
