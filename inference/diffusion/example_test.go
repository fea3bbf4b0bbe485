package diffusion_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
)

// Three molecules are sampled that should smell of rose.
func Example() {
	model, err := diffusion.Default()
	if err != nil {
		log.Fatal(err)
	}
	condition := &diffusion.Condition{Wanted: make([]float32, len(model.Labels()))}
	condition.Wanted[slices.Index(model.Labels(), "rose")] = 1
	tasks, err := model.Blanks(rand.New(rand.NewPCG(1, 1)), condition, 3)
	if err != nil {
		log.Fatal(err)
	}
	samples, err := model.Sample(context.Background(), tasks, diffusion.DefaultSettings())
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range samples {
		_, err := chem.Parse(s.SMILES)
		fmt.Println("a molecule:", s.Err == nil && err == nil)
	}
	// Output:
	// a molecule: true
	// a molecule: true
	// a molecule: true
}
