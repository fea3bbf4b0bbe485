package property_test

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
)

func ExampleOf() {
	linalool, err := chem.Parse("CC(C)=CCCC(C)(O)C=C")
	if err != nil {
		fmt.Println(err)
		return
	}
	p := property.Of(linalool)
	fmt.Printf("logP %.2f, TPSA %.1f Å², boils at %.0f K\n", p.LogP, p.TPSA, p.BoilingPoint)
	// Output: logP 2.67, TPSA 20.2 Å², boils at 477 K
}
