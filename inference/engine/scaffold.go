package engine

import (
	"regexp"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// bracketAtom is an atom of a SMILES in brackets: isotope, symbol, chirality,
// hydrogens, charge and class.
var bracketAtom = regexp.MustCompile(`\[(\d*)([A-Za-z][a-z]?|\*)@{0,2}(?:H\d*)?((?:[+-]\d*)?)(?::\d+)?\]`)

// substructure returns the pattern of the molecules that contain another. Its
// hydrogens are places for substituents, and its stereo is not looked at.
func substructure(m *chem.Molecule) (*smarts.Pattern, error) {
	return smarts.Compile(bracketAtom.ReplaceAllString(m.SMILES(), "[$1$2$3]"))
}
