package odor_test

import (
	"fmt"
	"log"

	"github.com/odordiff/odordiff/inference/odor"
)

func ExampleInterpreter_Interpret() {
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		log.Fatal(err)
	}
	i := interpreter.Interpret("lemon over a slightly smoky base, no musk, without vanillin, some qwertz")
	for _, w := range i.Descriptors {
		fmt.Printf("wanted %s %.1f %q\n", w.Descriptor, w.Weight, w.Note)
	}
	fmt.Println("excluded", i.Excluded, i.ExcludedOdorants)
	fmt.Println("unrecognised", i.Unrecognised)
	// Output:
	// wanted lemon 1.0 ""
	// wanted smoky 0.5 "base"
	// wanted citrus 0.4 ""
	// excluded [{musk 1}] [vanillin]
	// unrecognised [qwertz]
}
