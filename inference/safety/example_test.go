package safety_test

import (
	"fmt"
	"log"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/safety"
)

func ExampleAssess() {
	for _, smiles := range []string{"COc1cc(C=O)ccc1O", "C=CC(=O)OC"} {
		m, err := chem.Parse(smiles)
		if err != nil {
			log.Fatal(err)
		}
		a := safety.Assess(m)
		fmt.Printf("%s %.2f %t\n", smiles, a.Score, a.Passes(safety.DefaultMinScore))
		for _, f := range a.Findings {
			fmt.Println("-", f.Severity, f.ID)
		}
	}
	// Output:
	// COc1cc(C=O)ccc1O 0.90 true
	// - notice aldehyde-aryl
	// - notice vanillin
	// C=CC(=O)OC 0.80 true
	// - caution acrylate
}
