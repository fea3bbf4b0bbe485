package library_test

import (
	"context"
	"fmt"
	"log"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/engine/library"
)

func Example() {
	e, err := library.New()
	if err != nil {
		log.Fatal(err)
	}
	result, err := e.Generate(context.Background(), engine.Request{
		Prompt:      "fresh citrus over wet cedar",
		Count:       2,
		Constraints: engine.Constraints{Weight: engine.Range{Max: new(180.0)}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range result.Molecules {
		fmt.Printf("%s %s %.2f\n", m.Name, m.Structure.SMILES(), m.Scores.Overall())
	}
	fmt.Println(result.Withheld[0].Reason, result.Withheld[0].Detail)
	// Output:
	// nerol CC(C)=CCC/C(C)=C\CO 0.39
	// thujone CC(C)C12CC(=O)C(C)C2C1 0.25
	// constraint molecular_weight
}
