package fingerprint_test

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// Vanillin is more like ethylvanillin than like linalool.
func ExampleTanimoto() {
	var bits [3]fingerprint.Bits
	for i, smiles := range []string{"O=Cc1ccc(O)c(OC)c1", "O=Cc1ccc(O)c(OCC)c1", "CC(C)=CCCC(C)(O)C=C"} {
		m, err := chem.Parse(smiles)
		if err != nil {
			fmt.Println(err)
			return
		}
		bits[i] = fingerprint.Morgan(m, 2).Bits()
	}
	fmt.Printf("%.2f %.2f\n", fingerprint.Tanimoto(&bits[0], &bits[1]), fingerprint.Tanimoto(&bits[0], &bits[2]))
	// Output: 0.66 0.07
}
