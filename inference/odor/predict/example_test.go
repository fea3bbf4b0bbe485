package predict_test

import (
	"fmt"
	"log"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

func Example() {
	predictor, err := predict.Default()
	if err != nil {
		log.Fatal(err)
	}
	ethylButyrate, err := chem.Parse("CCCC(=O)OCC")
	if err != nil {
		log.Fatal(err)
	}
	profile := odor.ProfileOf(predictor.Probabilities(ethylButyrate))
	fmt.Printf("%s %.1f\n", profile[0].Descriptor, profile[0].Weight)
	// Output:
	// fruity 1.0
}
