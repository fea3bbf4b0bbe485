package smarts_test

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// Find lists the atoms of each match in the order of the pattern.
func ExamplePattern_Find() {
	aspirin, err := chem.Parse("CC(=O)Oc1ccccc1C(=O)O")
	if err != nil {
		fmt.Println(err)
		return
	}
	ester := smarts.MustCompile("[CX3](=O)[OX2H0]")
	acid := smarts.MustCompile("[CX3](=O)[OX2H1]")
	fmt.Println(ester.Find(aspirin, 0), acid.Find(aspirin, 0))
	// Output: [[1 2 3]] [[10 11 12]]
}
