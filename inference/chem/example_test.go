package chem_test

import (
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
)

// Two writings of vanillin have one canonical SMILES.
func ExampleParse() {
	for _, smiles := range []string{"O=Cc1ccc(O)c(OC)c1", "COC1=C(O)C=CC(C=O)=C1"} {
		m, err := chem.Parse(smiles)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.SMILES(), m.Formula())
	}
	// Output:
	// COc1cc(C=O)ccc1O C8H8O3
	// COc1cc(C=O)ccc1O C8H8O3
}

// Errors name the byte at fault.
func ExampleParse_error() {
	_, err := chem.Parse("CC(C)(C)(C)C")
	fmt.Println(err)
	if valence, ok := errors.AsType[*chem.ValenceError](err); ok {
		fmt.Println("atom", valence.Atom, "is", valence.Element)
	}
	// Output:
	// SMILES at byte 1: atom 1 (C): valence 5 is above the 4 allowed for charge 0
	// atom 1 is C
}
